"""Commands about the results of whole sweeps."""
