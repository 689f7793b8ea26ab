"""Protocols of the files that are found by name, and the data types that they exchange."""
