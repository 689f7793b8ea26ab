"""Commands on a store as a whole: which one it is, its sweeps, their size, removing them, and archives of them."""
