"""One loss a file: loss(outputs, labels) -> one number per model."""
