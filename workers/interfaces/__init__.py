"""Protocols of the files that are found by name, and of engines; the data types that they exchange."""
