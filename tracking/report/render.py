"""The report: one HTML file that says what was asked, what was found, and how to do it again; needs no network."""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.analysis.grouping import settings, varying
from tracking.analysis.values import text
from tracking.common.flatten import flat
from tracking.records.manifest import TrialRecord
from tracking.records.provenance import Provenance
from tracking.verdicts.verify import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

STATES = ("finished", "diverged", "failed", "cancelled", "running", "missing")
MOST_TRIALS = 20_000  # lines of a table that a browser still scrolls
MOST_POINTS = 200  # of one curve, as numbers
MOST_SVG = 1_500_000  # bytes; a larger figure is shown as PNG
SYMBOLS = {"holds": "✓", "fails": "✗", "not enough data": "?"}  # a verdict must not be told by its colour alone


@dataclass(frozen=True)
class About:
    """What no number says. `command` makes the sweep again; `file` is the sweep file's text."""

    title: str
    source: str
    notes: str
    name: str
    command: str
    file: str


def render(
    about: About,
    frame: "Frame",
    recorded: Iterable[TrialRecord],
    figures: Sequence[dict[str, str]],
    table: "pd.DataFrame",
    verdicts: Sequence[Verdict],
) -> str:
    """The whole page. `figures` name their files (name, png, svg); `table` holds the points of all curves."""
    import jinja2

    place = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=place, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return pages.get_template("report.html.jinja").render(
        about=about,
        counts=_counts(frame),
        verdicts=[(v, SYMBOLS[v.verdict], _evidence(v)) for v in verdicts],
        figures=[_figure(f, table, about) for f in figures],
        cells=_cells(frame),
        trials=_trials(frame),
        left_out=max(len(frame.trials) - MOST_TRIALS, 0),
        origins=_origins(recorded),
    )


def _counts(frame: "Frame") -> dict[str, int]:
    found = Counter(frame.trials["state"])
    return {state: found[state] for state in STATES if found[state]}


def _evidence(verdict: Verdict) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _short(value)) for name, value in verdict.evidence.items()]


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_short(v) for v in value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def _figure(entry: dict[str, str], table: "pd.DataFrame", about: About) -> dict[str, Any]:
    """A figure as a data URI, with a text for those who cannot see it, and its points."""
    vector = Path(entry["svg"])
    small = vector.stat().st_size <= MOST_SVG
    file, kind = (vector, "svg+xml") if small else (Path(entry["png"]), "png")
    content = base64.b64encode(file.read_bytes()).decode()
    points = table[table["curve"] == entry["name"]] if "curve" in table else table
    return {
        "name": entry["name"],
        "source": f"data:image/{kind};base64,{content}",
        "alternative": _alternative(entry["name"], points, about),
        "points": [] if len(points) > MOST_POINTS else _points(points),
        "number": len(points),
    }


def _alternative(name: str, points: "pd.DataFrame", about: About) -> str:
    """What the figure shows, in words: every line's first and last point."""
    if points.empty:
        return f"Figure {name} of {about.title}, made of several parts."
    lines = []
    for line, part in points.groupby("line", sort=False):
        first, last = part.iloc[0], part.iloc[-1]
        lines.append(f"{line}: {first['centre']:.3g} at {_x(first)}, {last['centre']:.3g} at {_x(last)}")
    return f"Figure {name} of {about.title}. " + "; ".join(lines) + "."


def _x(point: Any) -> str:
    return str(point["x_text"]) if point.get("x_text") else text(point["x"])


def _points(points: "pd.DataFrame") -> list[list[str]]:
    columns = ["centre", "low", "high", "n", "diverged", "failed", "missing", "not_finite"]
    return [[str(p["line"]), _x(p), *(text(p[c]) for c in columns)] for _, p in points.iterrows()]


def _axes(frame: "Frame") -> list[str]:
    axes = varying(frame)
    return axes or settings(frame)[:1]


def _cells(frame: "Frame") -> dict[str, Any]:
    """How complete each cell is: one line per cell, its settings that vary, and its trials by state."""
    axes = _axes(frame)
    lines = []
    for _, trials in frame.trials.groupby("cell", sort=False):
        found = Counter(trials["state"])
        counts = [found[state] for state in STATES]
        complete = found["finished"] == len(trials)
        lines.append(([text(trials[a].iloc[0]) for a in axes], len(trials), counts, complete))
    return {"axes": axes, "states": STATES, "lines": lines}


def _trials(frame: "Frame") -> dict[str, Any]:
    axes = _axes(frame)
    lines = [
        (str(t.name), [text(t[a]) for a in axes], t["seed"], t["state"], t["step"], t["reason"])
        for _, t in frame.trials.head(MOST_TRIALS).iterrows()
    ]
    return {"axes": axes, "lines": lines}


def _origins(recorded: Iterable[TrialRecord]) -> list[tuple[int, list[tuple[str, str]]]]:
    """The different origins of the records, with how many trials each has."""
    found = Counter(tuple(_origin(provenance)) for r in recorded for provenance in r.provenances)
    return [(number, list(origin)) for origin, number in found.most_common()]


def _origin(provenance: Provenance) -> list[tuple[str, str]]:
    """Code, versions, hardware and data; not times, which differ with every bundle."""
    known = flat({k: v for k, v in provenance.plain().items() if k not in ("spent", "host")})
    return [(name, str(value)) for name, value in known.items()]
