"""One perturbation of the weights a file."""
