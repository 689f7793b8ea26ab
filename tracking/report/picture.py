"""A figure's file as a picture inside the page: as SVG that follows a dark page, or as PNG where that is large."""

import base64
from collections.abc import Mapping
from pathlib import Path

from tracking.plotting.style.fonts import FAMILY
from tracking.plotting.style.style import GREY, INK, ON_DARK, PALETTE, PAPER, RULE
from tracking.report import assets

MOST_SVG, MOST_BESIDE_CHART = 800_000, 150_000  # bytes; a larger figure is shown as PNG
DARK_INK, DARK_GREY, DARK_RULE, DARK_PAPER = "#e6edf3", "#9da7b1", "#2b323b", "#0d1117"
ON_DARK_PAGE = {INK: DARK_INK, GREY: DARK_GREY, RULE: DARK_RULE, **dict(zip(PALETTE, ON_DARK, strict=True))}


def picture(files: Mapping[str, str], charted: bool) -> str:
    """A data URI. `files`: the paths of the figure by kind; `charted`: whether the page draws it, too, so that the
    picture is for print and for readers without scripts."""
    vector = Path(files["svg"])
    if vector.stat().st_size > (MOST_BESIDE_CHART if charted else MOST_SVG):
        return _uri("png", Path(files["png"]).read_bytes())
    return _uri("svg+xml", for_both_pages(vector.read_text("utf-8")).encode())


def for_both_pages(svg: str) -> str:
    """An SVG of Matplotlib's with its font, and with rules that change its colours on a dark page. Only white surfaces
    change, not white lines, which stand on colours."""
    rules = [f'[style*="fill: {PAPER}"] {{ fill: {DARK_PAPER} !important }}']
    for light, other in ON_DARK_PAGE.items():
        for what in ("fill", "stroke"):
            rules += [f'[style*="{what}: {light.lower()}"] {{ {what}: {other} !important }}']
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {' '.join(rules)} }}"
    head, tag, rest = svg.partition("<defs>")
    return f"{head}<style>{assets.faces(FAMILY)} {dark}</style>{tag}{rest}" if tag else svg


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
