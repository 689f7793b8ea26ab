"""What a store takes up, what in it belongs to which sweep, how parts of it are removed, and archives of sweeps."""
