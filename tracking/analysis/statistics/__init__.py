"""Means, correlations and their intervals over seeds."""
