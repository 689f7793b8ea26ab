"""The networks of a bundle, which no file of the user's provides: engines, functions of parameters, divergence."""
