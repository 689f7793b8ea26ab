"""What networks see of an image: normalised, augmented, or replaced by other inputs."""
