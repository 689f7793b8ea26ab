"""The digest of a source changes with what it does, and with nothing else."""

import pytest

from tracking.common.token_digest import token_digest

SOURCE = b'''\
"""A net."""
import torch

WIDTH = 3  # channels


def f(x, y):
    """Adds."""
    if x:
        return [x,
                y]
    return f"{x!r:>{WIDTH}} and {y['a']}"
'''
SAME = {
    "a comment": (b"# channels", b"# how many"),
    "no comment": (b"  # channels", b""),
    "a docstring": (b'"""Adds."""', b"'''Adds\n\n    two.'''"),
    "no docstring": (b'    """Adds."""\n', b""),
    "blank lines": (b"\n\n\ndef", b"\n\ndef"),
    "a line that is broken elsewhere": (b"[x,\n                y]", b"[x, y]"),
    "spaces between tokens": (b"WIDTH = 3", b"WIDTH=3"),
    "deeper indentation": (b"        return [x,", b"          return [x,"),
    "ends of lines": (b"\n", b"\r\n"),
    "an encoding": (b'"""A net."""', b"# -*- coding: utf-8 -*-"),
}
OTHER = {
    "a number": (b"WIDTH = 3", b"WIDTH = 4"),
    "a name": (b"def f(x, y)", b"def f(y, x)"),
    "an order": (b"x,\n                y]", b"y,\n                x]"),
    "a format": (b"!r:>", b"!s:>"),
    "text in an f-string": (b" and ", b" or "),
    "a key in an f-string": (b"['a']", b"['b']"),
    "a statement in another block": (b"    return f", b"        return f"),
    "a string that is used": (b"WIDTH = 3", b"WIDTH = '3'"),
    "an f-string that calls, alone on its line": (b"WIDTH = 3", b"f'{print(1)}'\nWIDTH = 3"),
}


@pytest.mark.parametrize("change", SAME)
def test_what_does_nothing_does_not_count(change: str) -> None:
    changed = SOURCE.replace(*SAME[change])
    assert changed != SOURCE and token_digest(changed) == token_digest(SOURCE)


@pytest.mark.parametrize("change", OTHER)
def test_what_does_something_counts(change: str) -> None:
    changed = SOURCE.replace(*OTHER[change])
    assert changed != SOURCE and token_digest(changed) != token_digest(SOURCE)


def test_every_version_of_python_finds_the_digest_that_records_hold() -> None:
    assert token_digest(SOURCE) == "be2ddd73e64f2277"
    assert token_digest(b"") == token_digest(b"# nothing\n\n") == "e3b0c44298fc1c14"


@pytest.mark.parametrize("odd", [b"def (:\n", b"x = (\n", b"\xff\xfe\x00", b"  x\n y\n", b'x = """\n'])
def test_what_is_no_python_has_a_digest_of_its_bytes(odd: bytes) -> None:
    assert token_digest(odd) != token_digest(odd + b" ")
