"""One architecture a file; `workers.interfaces.net.Net` is the Protocol."""
