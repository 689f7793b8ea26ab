"""Runs bundles to their end: claims, retries, signals, hang detection, watchdogs, progress. Prints nothing."""
