"""What a terminal's encoding does not have is shown by what looks alike, one character for one: … as ~, ü as u."""

import codecs
import io
import unicodedata
from typing import TextIO

LIKE = {"…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "·": "-", "‖": "|", "≥": ">", "≤": "<", "ß": "s",
        "’": "'", "‘": "'", "“": '"', "”": '"', "ø": "o", "λ": "l", "ρ": "p", "→": ">", "─": "-", "━": "-"}  # fmt: skip


def legible(*streams: TextIO) -> None:
    """Makes the streams show any text, whatever their encoding."""
    codecs.register_error("alike", _alike)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="alike")


def _alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_like, error.object[error.start : error.end])), error.end


def _like(character: str) -> str:
    plain = LIKE.get(character) or unicodedata.normalize("NFKD", character)[0]
    return plain if plain.isascii() else "?"
