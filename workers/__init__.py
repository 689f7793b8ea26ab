"""Turns a bundle of trials into rows. The only package that imports torch."""
