"""One architecture a file: Settings, init, forward, for a whole batch of models at once."""
