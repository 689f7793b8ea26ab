"""One measure a file: a function from a trained bundle to one number per model."""
