"""Curves as LaTeX tables, one for each curve, for a paper that uses the package booktabs.

A line of a table is one point: mean or median over n seeds and its band, as m \\pm h where the band lies evenly around
it, else as m [low, high]. Numbers have two significant digits of the half width of their band.
"""

import math
from typing import TYPE_CHECKING

from tracking.analysis.specs.curve_spec import Curve
from tracking.common.text import printable
from tracking.plotting.kinds.panels import Part
from tracking.plotting.style.labels import BANDS

if TYPE_CHECKING:
    from collections.abc import Iterable

SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "&%$#_{}"}, "<": r"\textless{}", ">": r"\textgreater{}", "\n": " ",
}  # fmt: skip
DIGITS = 4  # of a number without a band
EVEN = 0.05  # of the half width: as far may the two halves of a band differ and still be written as one


def escaped(text: str) -> str:
    """The text as LaTeX shows it letter by letter."""
    return "".join(SPECIAL.get(character, character) for character in printable(text))


def document(parts: "Iterable[tuple[Part, str]]", origin: str) -> str:
    """The tables of several curves, each with a title. origin: a line on where the numbers come from."""
    tables = [table(part, title) for part, title in parts]
    return "\n".join([f"% {escaped(origin)}", r"% needs \usepackage{booktabs}", *tables])


def table(part: Part, title: str) -> str:
    """The table of one curve; points without a value have a dash."""
    curve, points = part.curve, part.table
    rows: list[str] = []
    for i, (name, line) in enumerate(points.groupby("line", sort=False)):
        rows += [r"\addlinespace"] * (i > 0)
        columns = (line[c] for c in ("x", "x_text", "centre", "low", "high", "n"))
        rows += [_row(str(name), *values) for values in zip(*columns, strict=True)]
    heads = ["line", escaped(curve.x), escaped(f"{curve.centre} {curve.y}"), "$n$"]
    body = [r"\toprule", " & ".join(heads) + r" \\", r"\midrule", *rows, r"\bottomrule"]
    caption = escaped(". ".join(filter(None, (title, _band(curve)))))
    return "\n".join(
        [
            r"\begin{table}", r"\centering", f"\\caption{{{caption}.}}", f"\\label{{tab:{curve.name}}}",
            r"\begin{tabular}{lrrr}", *body, r"\end{tabular}", r"\end{table}", "",
        ]
    )  # fmt: skip


def _band(curve: Curve) -> str:
    """What the band is, in words; without the name of its method, which the figure's footer has."""
    if curve.band == "none":
        return ""
    return f"Band: {BANDS[curve.band].partition(' (')[0].format(centre=curve.centre)}; n seeds"


def _row(name: str, x: float, x_text: str, centre: float, low: float, high: float, n: int) -> str:
    at = escaped(x_text) if x_text else "--" if math.isnan(x) else f"${_plain(x)}$"
    return " & ".join([escaped(name), at, value(centre, low, high), f"${n}$"]) + r" \\"


def value(centre: float, low: float, high: float) -> str:
    """A number with its band; "--" for one that there is not."""
    if not math.isfinite(centre):
        return "--"
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return f"${_plain(centre)}$"
    below, above = centre - low, high - centre
    half = (below + above) / 2
    places = max(1 - math.floor(math.log10(half)), 0)
    if not 1e-4 <= abs(half) <= 1e6:
        return f"${_power(centre)}\\;[{_power(low)}, {_power(high)}]$"
    if abs(below - above) <= EVEN * half:
        return f"${centre:.{places}f} \\pm {half:.{places}f}$"
    return f"${centre:.{places}f}\\;[{low:.{places}f}, {high:.{places}f}]$"


def _plain(number: float) -> str:
    return f"{number:.0f}" if number == round(number) and abs(number) < 1e9 else _power(number)


def _power(number: float) -> str:
    """Four digits, with a power of ten where a plain number would be long."""
    short = f"{number:.{DIGITS}g}"
    digits, e, exponent = short.partition("e")
    return f"{digits} \\times 10^{{{int(exponent)}}}" if e else short
