"""Figures from curves."""
