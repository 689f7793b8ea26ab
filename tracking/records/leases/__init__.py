"""Leases: which launch may write which trials, and how two launches on one store exclude each other."""
