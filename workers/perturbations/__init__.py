"""One perturbation of the weights a file; `workers.interfaces.perturbation.Perturbation` is the Protocol."""
