"""Soak: sweeps that are killed, suspended and deprived of disk space at random instants, and compared afterwards."""
