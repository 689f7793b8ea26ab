"""C++ kernels that train the memo's convolutional networks on a CPU; optional, equal to the reference to tolerance."""
