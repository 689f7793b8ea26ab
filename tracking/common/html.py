"""Small pieces of HTML, as notebooks show a value by its `_repr_html_`. Every text is escaped."""

from collections.abc import Iterable, Sequence
from html import escape


def table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table; cells are written by `str`."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def titled(title: str, *parts: str) -> str:
    """A bold title, and what follows it."""
    return f"<div><b>{escape(title)}</b>{''.join(parts)}</div>"


def line(text: str) -> str:
    """One line of text."""
    return f"<div>{escape(text)}</div>"
