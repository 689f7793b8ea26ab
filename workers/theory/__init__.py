"""Closed forms and exact solutions that the experiments compare training with."""
