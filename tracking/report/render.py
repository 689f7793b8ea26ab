"""The report: one HTML file that says what was asked, what was found, and how to do it again; needs no network."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tracking.analysis.aggregate import COUNTS
from tracking.analysis.frame import UNFINISHED
from tracking.analysis.grouping import settings, varying
from tracking.analysis.heat import Heat
from tracking.analysis.values import text
from tracking.common.text import count_of, number
from tracking.plotting.kinds.panels import Part
from tracking.records.manifests.manifest import TrialRecord
from tracking.report import assets, trials
from tracking.report.chart import Plain, chart, panel_chart
from tracking.report.facts import facts, origins
from tracking.report.heat_chart import heat_chart
from tracking.report.picture import picture
from tracking.report.related import related
from tracking.report.trials import Table, without_empty
from tracking.verdicts.claim import Claim
from tracking.verdicts.finding import Value, Verdict
from tracking.verdicts.sentence import criterion_sentence, found_sentence

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame
    from tracking.plotting.figures import Figures

STATES = ("finished", "diverged", "failed", "cancelled", "running", "interrupted", "missing")
MOST_CELLS = 1_000  # lines of the table of cells
MOST_POINTS = 200  # of one curve, as a table
MOST_LINES = 12  # of a figure, in the words for those who cannot see it
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


class Judged(NamedTuple):
    """A verdict on the page. figures: the names of those that show what it is about."""

    name: str
    word: str
    symbol: str
    label: str
    statement: str
    found: str
    criterion: str
    evidence: list[tuple[str, str]]
    figures: list[str]


class Shown(NamedTuple):
    """A figure on the page. source: a picture, as a data URI; alternative: a text for those who cannot see it; chart:
    whether the page draws it, too; notes: what stands below; points: as a table, none where they are too many; number:
    how many there are; verdicts: those about it, with their number on the page."""

    name: str
    title: str
    source: str
    alternative: str
    chart: bool
    notes: list[str]
    points: Table
    number: int
    verdicts: list[tuple[int, Judged]]


def render(
    about: About,
    frame: "Frame",
    recorded: Iterable[TrialRecord],
    figures: "Figures",
    verdicts: Sequence[Verdict],
    claims: Sequence[Claim],
    table: "pd.DataFrame",
) -> str:
    """The whole page. claims: those that the verdicts are on, in their order; table: what `trials.trials` returns."""
    import jinja2
    from markupsafe import Markup

    place = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=place, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    pages.globals["count_of"] = count_of
    records = list(recorded)
    charts = _charts(figures)
    judged = _judged(frame, figures, verdicts, claims)
    shown = [_figure(files, figures, charts, judged, about) for files in figures.files]
    return pages.get_template("report.html.jinja").render(
        about=about,
        policy=assets.policy(),
        styles=Markup(assets.styles()),
        scripts=[Markup(script) for script in assets.scripts()],
        states=STATES,
        counts=_counts(frame),
        unfinished=bool(records) and bool(UNFINISHED & set(frame.trials["state"])),
        facts=facts(records),
        verdicts=judged,
        titles={one.name: one.title for one in shown},
        figures=shown,
        charts=charts,
        not_drawn=figures.failed,
        cells=_cells(frame),
        trials=trials.shown(table),
        origins=origins(records),
    )


def _counts(frame: "Frame") -> dict[str, int]:
    found = Counter(frame.trials["state"])
    return {state: found[state] for state in STATES if found[state]}


def _charts(figures: "Figures") -> dict[str, Plain]:
    """What the page draws itself, by the name of the figure."""
    found = {
        name: chart(content, caption) if isinstance(content, Part) else heat_chart(content, caption)
        for name, (content, caption) in figures.contents.items()
    }
    charts = {name: one for name, one in found.items() if one is not None}
    parts = {name: content for name, (content, _) in figures.contents.items() if isinstance(content, Part)}
    for name, (panel, caption) in figures.pages.items():
        if all(curve in charts and curve in parts for curve in panel.curves):
            charts[name] = panel_chart(panel, [parts[curve] for curve in panel.curves], caption)
    return charts


def _judged(frame: "Frame", figures: "Figures", verdicts: Sequence[Verdict], claims: Sequence[Claim]) -> list[Judged]:
    there = frozenset(settings(frame))
    contents: list[Part | Heat] = [content for content, _ in figures.contents.values()]
    return [
        Judged(
            v.name, v.verdict, SYMBOLS[v.verdict], v.label, v.statement,
            found_sentence(v), criterion_sentence(v), _evidence(v),
            [] if "reason" in v.evidence else related(claim, there, contents),  # its own code may be what failed
        )
        for v, claim in zip(verdicts, claims, strict=True)
    ]  # fmt: skip


def _evidence(verdict: Verdict) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _short(value)) for name, value in verdict.evidence.items()]


def _short(value: Value) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_short(v) for v in value)
    return number(value) if isinstance(value, float) else str(value)


def _figure(
    files: Mapping[str, str], figures: "Figures", charts: Mapping[str, Plain], judged: Sequence[Judged], about: About
) -> Shown:
    name, drawn = files["name"], charts.get(files["name"], {})
    whole = figures.table
    points = whole[whole["curve"] == name] if "curve" in whole else whole
    few = points if len(points) <= MOST_POINTS else points.head(0)
    title = str(drawn.get("title", "")) or f"{about.title} ({name})"
    notes = drawn.get("notes", [])
    return Shown(
        name, title, picture(files, name in charts), _alternative(title, points), name in charts,
        [str(note) for note in notes] if isinstance(notes, list) else [], _points(few), len(points),
        [(i, v) for i, v in enumerate(judged, 1) if name in v.figures],
    )  # fmt: skip


def _alternative(title: str, points: "pd.DataFrame") -> str:
    """What the figure shows, in words: the first and the last point of each line, of so many lines."""
    if points.empty:
        return f"{title}, made of several parts."
    lines = []
    for line, part in list(points.groupby("line", sort=False))[:MOST_LINES]:
        ends = [f"{number(part['centre'].iloc[i])} at {_x(part.iloc[i])}" for i in (0, -1)]
        lines.append(f"{line}: {', '.join(ends)}")
    more = points["line"].nunique() - len(lines)
    return f"{title}. {'; '.join([*lines, *[count_of(more, 'more line')] * (more > 0)])}."


def _x(point: "pd.Series[float]") -> str:
    return str(point["x_text"]) or text(point["x"])


def _points(points: "pd.DataFrame") -> Table:
    """The points as a table, without counts that are 0 in all of them."""
    columns = {
        "line": points["line"].astype(str).tolist() if len(points) else [],
        "x": [_x(point) for _, point in points[["x", "x_text"]].iterrows()] if len(points) else [],
    }
    for name in POINT if len(points) else ():
        zeros = name in COUNTS
        columns[name.replace("_", " ")] = ["" if v != v or (zeros and v == 0) else number(v) for v in points[name]]
    return without_empty(columns)


def _cells(frame: "Frame") -> Table:
    """How many trials of each cell are in which state; cells that are not complete come first."""
    import pandas as pd

    one = frame.trials.groupby("cell", sort=False)
    first = frame.trials.drop_duplicates("cell").set_index("cell")
    counts = pd.crosstab(frame.trials["cell"], frame.trials["state"]).reindex(index=first.index, columns=[*STATES])
    counts = counts.fillna(0).astype(int)
    complete = counts["finished"] == one.size()
    order = complete.sort_values(kind="stable").index[:MOST_CELLS]
    columns = {axis: [text(v) for v in first.loc[order, axis]] for axis in varying(frame) or settings(frame)[:1]}
    columns["trials"] = [str(n) for n in one.size().loc[order]]
    columns |= {state: [str(n) if n else "" for n in counts.loc[order, state]] for state in STATES}
    columns["complete"] = ["yes" if done else "no" for done in complete.loc[order]]
    return without_empty(columns, len(first) - len(order))
