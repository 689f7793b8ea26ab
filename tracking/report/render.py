"""The report: one HTML file that says what was asked, what was found, and how to do it again; needs no network."""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tracking.analysis.aggregate import COUNTS
from tracking.analysis.grouping import settings, varying
from tracking.analysis.values import text
from tracking.common.flatten import flat
from tracking.common.text import number
from tracking.records.manifest import TrialRecord
from tracking.records.provenance import Provenance
from tracking.verdicts.finding import Value, Verdict
from tracking.verdicts.sentence import sentence

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame
    from tracking.plotting.figures import Figures

STATES = ("finished", "diverged", "failed", "cancelled", "running", "missing")
MOST_TRIALS = 20_000  # lines of a table that a browser still scrolls
MOST_POINTS = 200  # of one curve, as numbers
MOST_SVG = 1_500_000  # bytes; a larger figure is shown as PNG
POINT = ("centre", "low", "high", "n", *COUNTS[2:])  # columns beside line and x
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
    figures: "Figures",
    verdicts: Sequence[Verdict],
) -> str:
    """The whole page."""
    import jinja2

    place = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=place, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return pages.get_template("report.html.jinja").render(
        about=about,
        counts=_counts(frame),
        verdicts=[(v, SYMBOLS[v.verdict], sentence(v), _evidence(v)) for v in verdicts],
        figures=[_figure(f, figures.table, about) for f in figures.files],
        not_drawn=figures.failed,
        columns=["line", "x", *(name.replace("_", " ") for name in POINT)],
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


def _short(value: Value) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_short(v) for v in value)
    return number(value) if isinstance(value, float) else str(value)


class Shown(NamedTuple):
    """A figure on the page. source: a data URI; alternative: a text for those who cannot see it; points: as a table,
    none where they are too many; number: how many there are."""

    name: str
    source: str
    alternative: str
    points: list[list[str]]
    number: int


def _figure(entry: Mapping[str, str], table: "pd.DataFrame", about: About) -> Shown:
    vector = Path(entry["svg"])
    small = vector.stat().st_size <= MOST_SVG
    file, kind = (vector, "svg+xml") if small else (Path(entry["png"]), "png")
    content = base64.b64encode(file.read_bytes()).decode()
    points = table[table["curve"] == entry["name"]] if "curve" in table else table
    listed = [] if len(points) > MOST_POINTS else _points(points)
    source = f"data:image/{kind};base64,{content}"
    return Shown(entry["name"], source, _alternative(entry["name"], points, about), listed, len(points))


def _alternative(name: str, points: "pd.DataFrame", about: About) -> str:
    """What the figure shows, in words: every line's first and last point."""
    if points.empty:
        return f"Figure {name} of {about.title}, made of several parts."
    lines = []
    for line, part in points.groupby("line", sort=False):
        ends = [f"{number(part['centre'].iloc[i])} at {_x(part.iloc[i])}" for i in (0, -1)]
        lines.append(f"{line}: {', '.join(ends)}")
    return f"Figure {name} of {about.title}. " + "; ".join(lines) + "."


def _x(point: "pd.Series[Any]") -> str:
    return str(point["x_text"]) or text(point["x"])


def _points(points: "pd.DataFrame") -> list[list[str]]:
    rows = points[list(POINT)].itertuples(index=False)
    places = [_x(point) for _, point in points[["x", "x_text"]].iterrows()]
    lines = zip(points["line"], places, rows, strict=True)
    return [[str(line), place, *("" if v != v else number(v) for v in values)] for line, place, values in lines]


def _axes(frame: "Frame") -> list[str]:
    axes = varying(frame)
    return axes or settings(frame)[:1]


class Cells(NamedTuple):
    """How complete each cell is. lines: its settings that vary, how many trials it has, how many of them are in each
    state, and whether all are finished."""

    axes: list[str]
    states: tuple[str, ...]
    lines: list[tuple[list[str], int, list[int], bool]]


def _cells(frame: "Frame") -> Cells:
    axes = _axes(frame)
    lines = []
    for _, trials in frame.trials.groupby("cell", sort=False):
        found = Counter(trials["state"])
        counts = [found[state] for state in STATES]
        complete = found["finished"] == len(trials)
        lines.append(([text(trials[a].iloc[0]) for a in axes], len(trials), counts, complete))
    return Cells(axes, STATES, lines)


class Trials(NamedTuple):
    """The trials. lines: id, settings that vary, seed, state, last step, reason."""

    axes: list[str]
    lines: list[tuple[str, list[str], int, str, int, str]]


def _trials(frame: "Frame") -> Trials:
    axes = _axes(frame)
    lines = [
        (str(t.name), [text(t[a]) for a in axes], t["seed"], t["state"], t["step"], t["reason"])
        for _, t in frame.trials.head(MOST_TRIALS).iterrows()
    ]
    return Trials(axes, lines)


def _origins(recorded: Iterable[TrialRecord]) -> list[tuple[int, list[tuple[str, str]]]]:
    """The different origins of the records, with how many trials each has."""
    found = Counter(tuple(_origin(provenance)) for r in recorded for provenance in r.provenances)
    return [(number, list(origin)) for origin, number in found.most_common()]


def _origin(provenance: Provenance) -> list[tuple[str, str]]:
    """Code, versions, hardware and data; not times, which differ with every bundle."""
    known = flat({k: v for k, v in provenance.plain().items() if k not in ("spent", "host")})
    return [(name, str(value)) for name, value in known.items()]
