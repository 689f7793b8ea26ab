"""Benchmarks: the speed at which this machine trains many small networks, by this project's engine and by others."""
