"""What every trial needs while it runs: seeds, device, checkpoints, failures and provenance."""
