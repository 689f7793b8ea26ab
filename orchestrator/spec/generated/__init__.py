"""What is generated from the models of a sweep file: the JSON Schema and the page of all keys."""
