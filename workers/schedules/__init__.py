"""One schedule of the learning rate a file; `workers.interfaces.schedule.Schedule` is the Protocol.

Only numpy: planning does not load torch.
"""
