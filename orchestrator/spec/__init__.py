"""The sweep language: from a YAML file to trials, each error with its file and line."""
