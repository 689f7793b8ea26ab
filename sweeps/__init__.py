"""The sweep files that come with the program, and their JSON Schema. Data only."""
