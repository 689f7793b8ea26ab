"""The sweeps that were launched into a store, as the store keeps them."""
