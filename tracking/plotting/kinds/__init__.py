"""The kinds of figure, one a file: curve, heat map, surface, panels, comparison, benchmark."""
