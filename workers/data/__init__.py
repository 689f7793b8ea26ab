"""One data set a file; `workers.interfaces.dataset.Dataset` is the Protocol.

Only numpy: planning does not load torch.
"""
