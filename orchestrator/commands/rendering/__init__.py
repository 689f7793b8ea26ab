"""How what a command found is printed."""
