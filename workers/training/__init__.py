"""Training of networks on images: settings, the loop, learning rates, perturbations, checks of the user's functions."""
