"""Commands for whoever writes sweeps and files of their own: `new`, `check`, and those that list names."""
