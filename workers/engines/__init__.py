"""The engines that train a bundle: the reference, the compiled one for CPUs and the one for GPUs."""
