"""What every room needs: files found by name, errors, flattened settings and failpoints."""
