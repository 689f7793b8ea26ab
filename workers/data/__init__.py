"""One data set a file: Settings and load() -> Images. Numpy only: planning must not wait for torch."""
