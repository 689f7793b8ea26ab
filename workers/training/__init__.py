"""Training of networks on images: settings, examples, the loop and perturbations."""
