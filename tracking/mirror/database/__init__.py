"""MLflow's database where no server stands before it: its schema, its tables, the files beside it."""
