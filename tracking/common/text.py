"""Text that comes from files and is shown to people."""


def printable(text: str) -> str:
    """The text with every character that could steer a terminal spelled out; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
