"""Which examples each model is trained and tested on, in which order and form: drawn from its seed."""
