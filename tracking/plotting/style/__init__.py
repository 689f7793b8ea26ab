"""How figures look: colours, fonts, characters, labels, axes, and the looks of lines."""
