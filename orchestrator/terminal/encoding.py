"""Characters that a terminal's encoding lacks are replaced by similar ones, one for one: … by ~, ü by u."""

import codecs
import io
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SIMILAR = {
    "…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "·": "-", "‖": "|", "≥": ">", "≤": "<", "ß": "s", "’": "'",
    "‘": "'", "“": '"', "”": '"', "ø": "o", "λ": "l", "ρ": "p", "→": ">", "─": "-", "━": "-",
    "│": "|", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+",
}  # fmt: skip


def replace_unencodable(*streams: TextIO) -> None:
    """Makes the streams take any text, whatever their encoding."""
    codecs.register_error("similar", _replace)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="similar")


class _Lossy(io.RawIOBase):
    """A descriptor whose errors of writing are ignored: a log on a full disk ends no launch."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def isatty(self) -> bool:
        return os.isatty(self._handle)

    def write(self, content: "ReadableBuffer") -> int:
        whole = bytes(content)
        try:
            return os.write(self._handle, whole)
        except OSError:
            return len(whole)


def never_failing(stream: TextIO) -> TextIO:
    """Standard error, whose messages are lost where they cannot be written; other streams as they are."""
    if not isinstance(stream, io.TextIOWrapper) or stream is not sys.__stderr__:
        return stream
    raw = io.BufferedWriter(_Lossy(stream.fileno()))
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=True, write_through=True)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_similar, error.object[error.start : error.end])), error.end


def _similar(character: str) -> str:
    plain = SIMILAR.get(character) or unicodedata.normalize("NFKD", character)[0]
    return plain if plain.isascii() else "?"
