"""What the page brings along so that it needs no network: two libraries, two fonts, its own style and script.

assets/README.md says where the libraries and the fonts come from.
"""

import base64
import functools
import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARIES = ("d3.min.js", "plot.umd.min.js")
FONTS = {400: "source-sans-3-latin-400-normal.woff2", 600: "source-sans-3-latin-600-normal.woff2"}


@functools.cache
def scripts() -> tuple[str, ...]:
    """The libraries, then the page's own script, in the order in which they run."""
    return (*((FOLDER / "assets" / name).read_text("utf-8") for name in LIBRARIES), _own("report.js"))


@functools.cache
def faces(family: str) -> str:
    """The fonts as style rules, under this name."""
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: block; '
        f"src: url(data:font/woff2;base64,{base64.b64encode((FOLDER / 'assets' / name).read_bytes()).decode()}) "
        'format("woff2"); }'
        for weight, name in FONTS.items()
    )


@functools.cache
def styles() -> str:
    """The fonts and the page's style."""
    return f"{faces('Source Sans 3')}\n{_own('report.css')}"


@functools.cache
def policy() -> str:
    """The page's Content-Security-Policy: nothing is loaded from anywhere, and no script runs but these."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts())
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; font-src data:"


def _own(name: str) -> str:
    text = (FOLDER / name).read_text("utf-8")
    assert not re.search("</(script|style)", text)
    return text
