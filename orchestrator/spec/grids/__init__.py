"""The grids of a sweep: axes, which combinations exist, and how grids are written."""
