"""How fast this machine trains many small networks, with the engine of this project and with its alternatives."""
