"""Characters that a terminal's encoding lacks are replaced by similar ones, one for one: … by ~, ü by u."""

import codecs
import io
import unicodedata
from typing import TextIO

SIMILAR = {
    "…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "·": "-", "‖": "|", "≥": ">", "≤": "<", "ß": "s", "’": "'",
    "‘": "'", "“": '"', "”": '"', "ø": "o", "λ": "l", "ρ": "p", "→": ">", "─": "-", "━": "-",
}  # fmt: skip


def replace_unencodable(*streams: TextIO) -> None:
    """Makes the streams take any text, whatever their encoding."""
    codecs.register_error("similar", _replace)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="similar")


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_similar, error.object[error.start : error.end])), error.end


def _similar(character: str) -> str:
    plain = SIMILAR.get(character) or unicodedata.normalize("NFKD", character)[0]
    return plain if plain.isascii() else "?"
