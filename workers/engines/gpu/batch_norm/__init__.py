"""One way to compute the batch norm of M models a file; both have the same two functions.

    normalise(sums) -> Normalised
    backward(slope, normal, inverse) -> gradient by the sums, from that by the normalised sums

Batch norm without scale and shift, in training mode: normal = (sums - mean) / sqrt(var + EPSILON), with mean and
variance of each channel over the batch, followed by ReLU. Its gradient is (g - mean(g) - normal mean(g normal)) / std
(Ioffe and Szegedy, arXiv:1502.03167, Section 3). Both functions may write into what they are given.

M models, B examples, P Q height and width of a map, C channels.
"""
