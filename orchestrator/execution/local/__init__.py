"""Runs bundles on this machine without Ray."""
