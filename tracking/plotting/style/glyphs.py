"""Characters that the fonts of figures lack: another font of this machine draws them, or a warning names them.

Texts of figures come from sweep files and settings, in any script. Without this, Matplotlib draws a box for each
character that it cannot draw.
"""

import functools
import logging
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracking.plotting.style.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOG = logging.getLogger(__name__)
# Matplotlib tells of weights and families that a font lacks; what a user must know is which characters none has.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
BOXES = ("last resort", "lastresort", "adobe blank", "nonunicode")  # fonts with a sign for anything, or of their own
UNDRAWN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # categories of characters that have no glyph
_named: set[str] = set()  # characters that a warning has named


@contextmanager
def in_style(make: "Callable[[], Figure]") -> "Iterator[Figure]":
    """The figure in the common style, which lasts as long as the body; in fonts that have the characters of its texts,
    if this machine has them. Others are named in a warning, once in a process."""
    import matplotlib

    with matplotlib.rc_context(style()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        made = make()
        lost = lacking(_texts(made), tuple(matplotlib.rcParams["font.family"]))
        more = fallbacks(lost)
        if more:
            matplotlib.rcParams["font.family"] = [*matplotlib.rcParams["font.family"], *more]
            made = make()
        _warn(lost - _covered(more))
        yield made


def _texts(figure: "Figure") -> Iterator[str]:
    from matplotlib.text import Text

    return (text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def lacking(texts: Iterable[str], families: tuple[str, ...]) -> frozenset[str]:
    """The characters that have no glyph in any font of these families."""
    wanted = {character for text in texts for character in text if unicodedata.category(character) not in UNDRAWN}
    wanted = {character for character in wanted if not character.isascii()}
    return frozenset(wanted - _drawn_by(families)) if wanted else frozenset()


def fallbacks(characters: frozenset[str]) -> tuple[str, ...]:
    """Families of this machine that have these characters: as few as possible, the ones with most of them first; those
    without serifs before others."""
    left, chosen = set(characters), list[str]()
    while left:
        found = {name: len(left & has) for name, has in _fonts_with(characters).items()}
        best = max(found, key=lambda name: (found[name], "sans" in name.lower(), name), default="")
        if not best or not found[best]:
            break
        chosen.append(best)
        left -= _fonts_with(characters)[best]
    return tuple(chosen)


def _covered(families: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*(_drawn_by((family,)) for family in families))


def _warn(lost: frozenset[str]) -> None:
    new = sorted(lost - _named)
    if new:
        _named.update(new)
        what = "no font of this machine has %s, which figures show as boxes; install one, such as Noto Sans CJK"
        LOG.warning(what, ", ".join(f"'{character}' (U+{ord(character):04X})" for character in new))


@functools.cache
def _drawn_by(families: tuple[str, ...]) -> frozenset[str]:
    """The characters that these families have a glyph for."""
    from matplotlib import font_manager

    found = set[str]()
    for family in families:
        path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=True)
        found |= _glyphs(path)
    return frozenset(found)


@functools.cache
def _fonts_with(characters: frozenset[str]) -> dict[str, frozenset[str]]:
    """Which of these characters each font of this machine has, by its family."""
    from matplotlib import font_manager

    found: dict[str, frozenset[str]] = {}
    for font in font_manager.fontManager.ttflist:
        if font.name not in found and not any(name in font.name.lower() for name in BOXES):
            found[font.name] = characters & _glyphs(font.fname)
    return found


@functools.cache
def _glyphs(path: str) -> frozenset[str]:
    """The characters of a font file; none of one that cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError) as error:
        LOG.debug("font %s cannot be read: %s", path, error)
        return frozenset()
