"""What must be true of a sweep before anything runs, and how it is said."""
