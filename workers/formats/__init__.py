"""File formats of data sets: arrays and tables of the user's, archives of published data sets. Only numpy: no torch."""
