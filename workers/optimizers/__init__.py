"""One optimizer a file; `workers.interfaces.optimizer.Optimizer` is the Protocol."""
