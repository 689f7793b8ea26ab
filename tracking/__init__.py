"""What was measured: rows, the store that keeps them, and everything drawn from them. Imports no torch, no ray."""
