"""One way to train M networks a file: trainer(work) -> Trainer, and MODELS, how many of them it trains at once.

"one": one after the other, so that its speed does not depend on M. "all": the activations of all M are in memory at the
same time. "some": as many as it sees fit.
"""
