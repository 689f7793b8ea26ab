"""Training of the memo's small convolutional networks on the CPU, compiled: optional, and equal to the reference."""
