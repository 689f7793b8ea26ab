"""One loss a file; `workers.interfaces.loss.Loss` is the Protocol: the loss of every example of every model."""
