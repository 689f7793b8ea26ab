"""What a file that is found by its name must have, and what it is given."""
