"""What people see in a terminal; the only room that imports rich."""
