"""What is asked of a network, what it is shown, and the loop that trains it."""
