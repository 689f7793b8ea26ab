"""Trains bundles of trials and yields rows of measured values. The only package that imports torch."""
