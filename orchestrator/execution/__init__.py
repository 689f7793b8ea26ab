"""Runs bundles to their end: leases, retries, signals, watchdogs and the live view."""
