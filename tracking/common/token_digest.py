"""The digest of the tokens of a Python source: of what it says, not of how it is laid out or commented on.

Comments, blank lines, line breaks inside brackets, the width of indentation, and docstrings (statements that are
nothing but a string) do not count. Every version of Python from 3.11 on gives the same digest, although they cut
f-strings into different tokens.
"""

import hashlib
import io
import tokenize
from collections.abc import Iterable, Iterator

SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
LAYOUT = {tokenize.NEWLINE: "newline", tokenize.INDENT: "indent", tokenize.DEDENT: "dedent"}
STARTS = {"FSTRING_START", "TSTRING_START"}  # tokens of Python 3.12 and 3.14: by name, since older ones lack them
ENDS = {"FSTRING_END", "TSTRING_END"}
PREFIXES = "rRbBuUfFtT"

Token = tuple[str, str]  # (kind, text)


def token_digest(content: bytes) -> str:
    """SHA-256 over the tokens, 16 hexadecimal digits; over the bytes where they are no Python."""
    total = hashlib.sha256()
    try:
        for kind, text in _without_docstrings(_tokens(content)):
            total.update(f"{kind} {len(text)} {text}\n".encode())
    except (SyntaxError, tokenize.TokenError, UnicodeDecodeError):
        total = hashlib.sha256(content)
    return total.hexdigest()[:16]


def _tokens(content: bytes) -> Iterator[Token]:
    """Kinds and texts; an f-string is one token, as it was before Python 3.12."""
    depth, text, end = 0, "", (0, 0)
    lines = _lines(content)
    for token in tokenize.tokenize(io.BytesIO(content).readline):
        name = tokenize.tok_name[token.type]
        if depth or name in STARTS:
            text = text + _between(lines, end, token.end) if depth else _between(lines, token.start, token.end)
            depth, end = depth + (name in STARTS) - (name in ENDS), token.end
            if not depth:
                yield "string", text
        elif token.type in LAYOUT:
            yield LAYOUT[token.type], ""
        elif token.type not in SKIPPED:
            yield "string" if token.type == tokenize.STRING else "token", token.string


def _lines(content: bytes) -> list[str]:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return io.TextIOWrapper(io.BytesIO(content), encoding).readlines()


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The source from one place to another, both as (line from 1, column from 0)."""
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right]
    return "".join([lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]])


def _without_docstrings(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens without statements of strings alone; an f-string is kept, since it calls what it shows."""
    statement: list[Token] = []
    for token in tokens:
        if token[0] in ("indent", "dedent"):
            yield token
            continue
        statement.append(token)
        if token[0] == "newline":
            if not all(_is_plain_string(one) for one in statement[:-1]):
                yield from statement
            statement = []
    yield from statement


def _is_plain_string(token: Token) -> bool:
    kind, text = token
    prefix = text[: len(text) - len(text.lstrip(PREFIXES))].lower()
    return kind == "string" and "f" not in prefix and "t" not in prefix
