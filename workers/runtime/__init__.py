"""Services for running trials: seeds, device, checkpoints, cache, failures, provenance, profiler."""
