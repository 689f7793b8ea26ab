"""Fuzzers of what this program reads: files of a store, and sweep files. `python -m tests.support.fuzz.run`."""
