"""The one place between recorded rows and claims: which trials make a line, how many count, and what is refused.

A claim sees finished trials with finite numbers, and nothing else. Here are counted, line by line, the trials

    planned = finished + diverged + failed + missing + not finite + not reached + unmeasured

    failed      failed or cancelled
    missing     not recorded, still running, or interrupted
    not finite  finished, with an infinite or undefined value among those that the claim looks at
    not reached finished, and the condition of a first step never held, or what the claim asks for is not reached
    unmeasured  finished, without a value of a measure that the claim looks at

since a claim that holds on what is left of them has not been shown (`tracking.verdicts.verify`).
"""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tracking.analysis.derive import NEVER, first, last, lines
from tracking.analysis.frame import UNFINISHED
from tracking.analysis.grouping import NOT_SETTINGS, select, selected, varying
from tracking.analysis.grouping import settings as settings_of
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import Condition, bounds, has_own_split
from tracking.analysis.statistics.intervals import Bounds
from tracking.analysis.values import CLASSES, codes, identity, words
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.verdicts.check import no_order
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.line import Line, Run, Series, number

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame
    from tracking.analysis.frame import Line as Rows

FINISHED = "finished"
REACHED = "reached"  # of the measure that tells whether a trial can be compared
NO_NUMBER = ("diverged", "not finite", "not reached")  # of trials that ended: what leaves a claim open
STATES = {"failed": "failed", "cancelled": "failed", "diverged": "diverged", **dict.fromkeys(UNFINISHED, "missing")}


@dataclass(frozen=True)
class Gated:
    """One line: what a claim may judge, and what is missing of it.

    line: the trials that count, of the cells that have enough of them.
    counts: planned trials by what became of them.
    seeds: the trials that count in the cell that has fewest.
    complete: whether every cell has as many as it must have, and each of them a number.
    """

    line: Line
    counts: Mapping[str, int]
    seeds: int
    complete: bool


def gated(frame: "Frame", claim: Claim) -> list[Gated]:
    """The lines of a claim. Raises Refused for what is not recorded, and for an x that has no order."""
    chosen = selected(frame, claim.where)
    needs = claim.needs(frozenset(settings_of(frame)))
    if needs.arms:
        chosen = chosen.only(chosen.trials.apply(lambda trial: arm_of(trial, needs) != "", axis=1))
    if needs.x is not None and needs.x in chosen.trials:
        problem = no_order(needs.x, chosen.trials[needs.x].tolist())
        if problem is not None:
            raise Refused(problem)
    series, fates = _read(chosen, needs, claim.reached)
    lines = _lines(chosen, needs, [id for id in chosen.trials.index if series[id] and id not in fates])
    trials = {str(id): one for id, one in zip(chosen.trials.index, chosen.trials.to_dict("records"), strict=True)}
    fate = {id: fates.get(id) or STATES.get(str(trial["state"]), FINISHED) for id, trial in trials.items()}
    runs = {id: _run(id, trials[id], needs, series[id]) for id in trials if fate[id] == FINISHED}
    within = {name: bounds(measured.y, frame.bounds) for name, measured in needs.measures.items()}
    found = []
    for name, ids in lines:
        cells: dict[str, list[str]] = {}
        for id in ids:
            cells.setdefault(str(trials[id]["cell"]), []).append(id)
        found.append(_gated(name, list(cells.values()), needs, claim, fate, runs, within))
    return found


def arm_of(trial: "Mapping[str, object]", needs: Needs) -> str:
    """The arm that a trial belongs to; empty where it is none of them."""
    rest = ""
    for arm, conditions in needs.arms.items():
        if conditions is None:
            rest = arm
        elif all(key in trial and same(trial[key], value) for key, value in conditions.items()):
            return arm
    return rest


def same(value: object, wanted: object) -> bool:
    """Whether a setting has a value: 2 is 2.0, and "2" or true is neither."""
    return identity(value) == identity(wanted)


def _lines(frame: "Frame", needs: Needs, counted: list[str]) -> list[tuple[str, list[str]]]:
    """Each line's name, from the settings that tell it from the others, and the ids of its trials.

    Which setting lies along a measured x is known from the trials that count.
    """
    ids = [str(id) for id in frame.trials.index]
    if needs.per == "all":
        return [("", ids)]
    apart = [name for name in varying(frame) if name not in needs.compared]
    if needs.per == "line" and needs.x is not None:
        apart = _beside_x(frame if needs.x in frame.trials else frame.only(counted), needs, apart)
    numbered = [codes(frame.trials[one]) for one in apart]
    keys = frame.trials["cell"].tolist() if needs.per == "cell" else [()] * len(ids)
    lines: dict[object, tuple[str, list[str]]] = {}
    for place, id in enumerate(ids):
        parts = zip(apart, numbered, strict=True)
        name = ", ".join(words(one, values[code[place]], len(apart) == 1) for one, (code, values) in parts)
        key = (keys[place], *(int(code[place]) for code, _ in numbered))
        lines.setdefault(key, (name, []))[1].append(id)
    return list(lines.values())


def _beside_x(frame: "Frame", needs: Needs, apart: list[str]) -> list[str]:
    """Without what lies along x, by the rule that the lines of curves follow."""
    if frame.trials.empty:
        return apart
    curve = Curve(name="claim", x=str(needs.x), y=next(iter(needs.measures.values())).y)
    return [name for name in select(frame, curve, apart).group if name not in needs.compared]


def _read(
    frame: "Frame", needs: Needs, reached: Condition | None
) -> tuple[dict[str, dict[str, Series]], dict[str, str]]:
    """The series of the trials, by trial and name, and of finished trials that do not count, why."""
    wanted = dict(needs.measures)
    if needs.x is not None and needs.x not in frame.trials:
        wanted["x"] = Measured(needs.x)
    if reached is not None:
        wanted[REACHED] = Measured(reached.measure, reached.split, reached.layer)
    found: dict[str, dict[str, Series]] = {id: {} for id in frame.trials.index}
    finished = frame.only(frame.trials["state"] == "finished")
    cells = {str(id): str(cell) for id, cell in finished.trials["cell"].items()}
    asked: dict[str, set[str]] = {cell: set() for cell in cells.values()}
    for name, measured in wanted.items():
        names = _series(finished, name, measured, found)
        for id, cell in cells.items():
            asked[cell] |= _of_one(name, names, found[id]) if measured.every_layer else set(names)
    fates = {}
    for id, cell in cells.items():
        if not asked[cell] <= found[id].keys():
            fates[id] = "unmeasured"
        elif any((series.steps == NEVER).any() for series in found[id].values()):
            fates[id] = "not reached"
        elif not all(np.isfinite(series.values).all() for series in found[id].values()):
            fates[id] = "not finite"
        elif reached is not None and not reached.holds(found[id][REACHED].last):
            fates[id] = "not reached"
    return found, fates


def _of_one(name: str, names: list[str], found: Mapping[str, Series]) -> set[str]:
    """The layers that one trial has, of which every trial of its cell must have a value; where it has none, all."""
    return {one for one in found if one.startswith(f"{name}/")} or set(names)


def _series(frame: "Frame", name: str, measured: Measured, found: dict[str, dict[str, Series]]) -> list[str]:
    """Adds one measure to what was found; returns the names it goes by. Raises Refused where no trial has it."""
    names: dict[str, None] = {}
    for part in frame.reduced(partial(_looked_at, measured)):
        for layer, ids, rows in part:
            key = f"{name}/{layer}" if measured.every_layer else name
            names[key] = None
            for id, series in _by_trial(rows, ids):
                found[id][key] = series
    if not names and not frame.trials.empty:
        known = sorted(" ".join(filter(None, one)) for one in frame.known())
        asked = " ".join(filter(None, (str(measured.y), _split(measured), measured.layer)))
        raise Refused(unknown("recorded measure", asked, known))
    return list(names)


def _looked_at(measured: Measured, frame: "Frame") -> "list[tuple[str, list[str], Rows]]":
    """What a claim looks at of one batch of trials: layers, the trials in the order of their places, and the values."""
    ids = [str(id) for id in frame.trials.index]
    return [
        (layer, ids, _chosen(rows, measured))
        for part in lines(frame, measured.y)
        for (split, layer), rows in part.items()
        if split == _split(measured) and (measured.every_layer or layer == measured.layer)
    ]


def _split(measured: Measured) -> str:
    return "" if has_own_split(measured.y) else measured.split


def _chosen(rows: "Rows", measured: Measured) -> "Rows":
    """The values that a claim looks at. A trial that has some which are not finite shows it: `smallest` is one then."""
    if measured.at == "last":
        return last(rows)
    if measured.at == "smallest":
        return first(rows.where(np.lexsort((rows.step, rows.value, np.isfinite(rows.value), rows.place))))
    return rows


def _by_trial(rows: "Rows", ids: list[str]) -> list[tuple[str, Series]]:
    if not len(rows.place):
        return []
    ends = np.flatnonzero(np.diff(rows.place)) + 1
    parts = zip([0, *ends.tolist()], [*ends.tolist(), len(rows.place)], strict=True)
    return [(ids[rows.place[a]], Series(rows.step[a:b], rows.value[a:b])) for a, b in parts]


def _gated(
    name: str,
    cells: list[list[str]],
    needs: Needs,
    claim: Claim,
    fate: Mapping[str, str],
    runs: Mapping[str, Run],
    within: Mapping[str, Bounds],
) -> Gated:
    """One line, given the ids of the trials of each of its cells."""
    counts = Counter(fate[id] for ids in cells for id in ids)
    least = least_seeds(claim, needs)
    good = [[id for id in ids if fate[id] == FINISHED] for ids in cells]
    enough = [ids for ids in good if len(ids) >= (1 if needs.each_trial else least)]
    required = [max(least, min(len(ids), claim.at_least or len(ids))) for ids in cells]
    whole = all(len(have) >= need for have, need in zip(good, required, strict=True))
    complete = bool(cells) and whole and not any(counts[fate] for fate in NO_NUMBER)
    line = Line(name, tuple(runs[id] for ids in enough for id in ids), within)
    _no_mixture(line, needs)
    planned = sum(map(len, cells))
    return Gated(line, {"planned": planned, **counts}, min(map(len, good), default=0), complete)


def least_seeds(claim: Claim, needs: Needs) -> int:
    """The finished trials that every cell needs."""
    return claim.min_seeds or (1 if needs.each_trial else 2)


def _run(id: str, trial: "Mapping[Hashable, object]", needs: Needs, series: dict[str, Series]) -> Run:
    x = 0.0
    if needs.x is not None:
        x = number(trial[needs.x]) if needs.x in trial else series["x"].last
    seed, cell = int(number(trial["seed"])), str(trial["cell"])
    settings = {str(name): value for name, value in trial.items() if name not in NOT_SETTINGS}
    classes = int(number(trial[CLASSES]))
    return Run(id, seed, cell, settings, x, arm_of(settings, needs), series, classes)


def _no_mixture(line: Line, needs: Needs) -> None:
    """Raises Refused where the trials of a line are not told apart by x, and the claim compares nothing else."""
    if needs.x is None or needs.per != "line":
        return
    settings = [cell.runs[0].settings for cell in line.cells]
    compared = [tuple(identity(one.get(name)) for name in needs.compared) for one in settings]
    places = Counter((cell.x, cell.arm, values) for cell, values in zip(line.cells, compared, strict=True))
    spread = any(abs(run.x - cell.x) > 1e-9 * abs(cell.x) for cell in line.cells for run in cell.runs)
    if spread or max(places.values(), default=1) > 1:
        raise Refused(f"one line has several cells at the same {needs.x}, or seeds that differ in it")
