"""The net of a trial: as a torch module, as a function of the weights of M models; its operations and its size."""
