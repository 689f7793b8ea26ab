"""Manifests: the committed state of a bundle, and their JSON."""
