"""Prints a comparison of sweeps: what differs in them, the differences of each curve, and the verdicts side by side."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.commands.rendering.shorten import shorten
from orchestrator.results.comparison import Comparison, CurveOfAll
from orchestrator.results.write_comparison import Written
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.analysis.statistics.intervals import LEVEL
from tracking.common.text import count_of
from tracking.verdicts.sentence import sentence

NONE = "–"  # a number that there is not
LONGEST = 20  # characters of a label at the head of a column
NUMBERS = ("first_mean", "other_mean", "difference", "low", "high")


def show(found: Comparison, files: Written, full: bool, as_json: bool) -> None:
    """Tables for people, or one JSON object with the paths of the files."""
    if as_json:
        return out_json({**found.plain(), **_files(files)})
    if found.settings:
        table("what differs", ["setting", *found.labels], [(name, *values) for name, values in found.settings.items()])
    if len(set(found.codes)) > 1:
        table("code that computed the trials", ["sweep", "code"], zip(found.labels, found.codes, strict=True))
    for one in found.curves:
        _curve(one, full)
    _verdicts(found)
    for note in found.notes:
        say(f"note     {note}")
    for figure in files.figures:
        say(f"figure   {figure['png']}")
    for lacking in files.not_drawn:
        say(f"not drawn: {lacking.name}: {lacking.reason}")
    say(f"numbers  {files.differences}")


def _curve(one: CurveOfAll, full: bool) -> None:
    """The differences of one curve, a table for each sweep that is compared with the first."""
    curve, whole = one.curve, one.compared.table
    for other, part in whole.groupby("other", sort=False):
        first = str(part["first"].iloc[0])
        rows, said = shorten(part, "difference", full)
        lost = [c for c in ("left_out_first", "left_out_other") if part[c].any()]
        names = {"left_out_first": f"left out of {first}", "left_out_other": f"left out of {other}"}
        short = max(len(first), len(str(other))) <= LONGEST
        header = ["line", curve.x, *((first, str(other)) if short else ("first", "other")), "difference"]
        header += ["low", "high", "n", "found"]
        lines = [_line(row, [*NUMBERS, "n", "found", *lost]) for row in rows.to_dict("records")]
        title = f"curve {curve.name}: mean {curve.y} of {other} minus that of {first}"
        table(f"{title} ({said})" if said else title, [*header, *(names[c] for c in lost)], lines)
        for sentence_ in _said(one, str(other)):
            say(sentence_)
    for note in one.compared.notes:
        say(f"note     {curve.name}: {note}")


def _said(one: CurveOfAll, other: str) -> list[str]:
    """How the intervals were made, and what they do not show."""
    part = one.compared.table
    part = part[part["other"] == other]
    paired, welch = ((part["how"] == how).sum() for how in ("paired", "Welch"))
    made = [f"{paired} paired by seed"] * bool(paired) + [f"{welch} of independent seeds (Welch)"] * bool(welch)
    judged = int(paired + welch)
    said = []
    if judged:
        chance = f"; about {judged * (1 - LEVEL):.1g} of {judged} would exclude 0 by chance alone" if judged > 4 else ""
        said.append(f"{LEVEL:.0%} intervals: {', '.join(made)}{chance}")
    if undecided := int((part["found"] == "undecided").sum()):
        said.append(
            f"undecided: {undecided:,} of {count_of(len(part), 'difference')}, which does not show that it is 0"
        )
    if (same := int(part["same"].sum())) and same == int(part.loc[part["how"] == "paired", "n"].sum()):
        pairs = "the only pair" if same == 1 else "all " + count_of(same, "pair")
        said.append(f"the same values to the last bit in {pairs} of seeds")
    if shared := int((part["found"] == "same trials").sum()):
        said.append(
            f"same trials: at {count_of(shared, 'point')} one of the two has only trials of the other, which are not "
            "compared with themselves; the means are those of all seeds of each"
        )
    return said


def _verdicts(found: Comparison) -> None:
    """The verdicts side by side, and the sentences of those that are not the same in all."""
    if not found.verdicts:
        return
    rows = [(name, *(v.verdict if v else NONE for v in verdicts)) for name, verdicts in found.verdicts.items()]
    table("claims", ["claim", *found.labels], rows)
    for name, verdicts in found.verdicts.items():
        if len({v.verdict if v else "" for v in verdicts}) > 1:
            for label, verdict in zip(found.labels, verdicts, strict=True):
                if verdict:
                    say(f"{name}, {label}: {verdict.verdict}. {sentence(verdict)}")


def _line(row: Mapping[Hashable, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    values = (NONE if row[column] != row[column] else row[column] for column in columns)
    return row["line"], row["x_text"] or f"{row['x']:g}", *values


def _files(files: Written) -> dict[str, Any]:
    lost = [asdict(one) for one in files.not_drawn]
    return {"figures": files.figures, "not_drawn": lost, "differences": files.differences, "file": files.comparison}
