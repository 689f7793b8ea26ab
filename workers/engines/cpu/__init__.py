"""The engine for CPUs: compiled kernels, loaded with ctypes."""
