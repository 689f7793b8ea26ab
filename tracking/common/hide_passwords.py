"""Hides passwords: addresses as they may be shown, without the login and the query, and texts that hold an address."""

import re
from urllib.parse import parse_qsl, quote, unquote


def public(address: str) -> str:
    """The address without login and query, fit to be shown; of one that cannot be told apart, its kind alone. The path
    of a SQLite file holds no secrets."""
    scheme, there, rest = address.partition("://")
    if not there:
        return address.rpartition("@")[2]
    if scheme.startswith("sqlite"):
        return address.partition("?")[0]
    login, at, place = rest.rpartition("@")
    if at and re.search(r"[?#]", login):  # a password with a question mark, or a query with an @
        return f"{scheme}://..."
    return f"{scheme}://{re.split(r'[?#]', place)[0]}"


def has_secret(address: str) -> bool:
    """Whether an address holds a login or a query that is not shown."""
    return public(address) != address


def hide(text: str, address: str) -> str:
    """A text, such as a library's message, without the secrets of an address, however they are written in it."""
    text = text.replace(address, public(address))
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"//[^/@\s]*@", "//", text)


def _secrets(address: str) -> set[str]:
    scheme, there, rest = address.partition("://")
    if not there or scheme.startswith("sqlite"):
        return set()
    login = rest.rpartition("@")[0]
    parts = {login.partition(":")[2], login, *(value for _, value in parse_qsl(rest.partition("?")[2]))}
    return {
        form for part in parts if len(part) > 2 for form in (part, unquote(part), quote(part), quote(part, safe=""))
    }
