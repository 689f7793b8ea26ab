"""The engine for GPUs: the models of a bundle stacked in one computation."""
