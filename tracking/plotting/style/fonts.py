"""The font of all figures, Source Sans Pro (SIL Open Font License 1.1), from the package that ships it as TrueType."""

import functools
from pathlib import Path

FAMILY = "Source Sans Pro"
# What a viewer of an SVG file uses where that font is not installed: its successor, then fonts of about the same width.
ALTERNATIVES = ("Source Sans 3", "Helvetica Neue", "Helvetica", "Arial", "Liberation Sans")
GLYPHS = "DejaVu Sans"  # comes with Matplotlib: draws the characters that the others lack
FACES = ("Regular", "It", "Bold")


@functools.cache
def register() -> None:
    """Makes the font known to Matplotlib in this process."""
    import font_source_sans_pro
    from matplotlib import font_manager

    folder = Path(font_source_sans_pro.font_directory)
    for face in FACES:
        font_manager.fontManager.addfont(folder / f"SourceSansPro-{face}.ttf")
