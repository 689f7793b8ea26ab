"""One way to train M networks a file; `workers.bench.case.Engine` is the Protocol. MODELS, the models trained at once:

"one": one after the other, so that its speed does not depend on M. "all": the activations of all M are in memory at the
same time. "some": a number that the engine chooses.
"""
