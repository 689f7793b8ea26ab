"""Triton kernels: what one program of a grid computes. Launched by files of convolutions/ and batch_norm/."""
