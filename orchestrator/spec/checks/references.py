"""What is drawn and judged is held against the trials: names, values, what can be ordered, and what is recorded."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from pydantic import JsonValue

from orchestrator.spec import messages
from orchestrator.spec.checks import recorded
from orchestrator.spec.checks.items import AXIS, EITHER, MEASURE, MOMENT, SETTING, Item, items, names, over, threshold
from orchestrator.spec.checks.problems import Problems
from orchestrator.spec.checks.trial_columns import Columns, Mask
from orchestrator.spec.generated import json_schema
from orchestrator.spec.grids.axes import spelling
from orchestrator.spec.grids.conditions import any_of
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.yaml_source import Path
from tracking.analysis.moments import DECIDE
from tracking.analysis.specs.quantity import uses
from tracking.common.errors import BadPlugin
from tracking.common.named_files.plugins import unknown
from tracking.common.text import count_of
from tracking.verdicts.check import check as unfit
from workers.interfaces.bounds import bounds
from workers.plugins import EXPERIMENTS, MEASURES
from workers.trial import Trial

ORDERED = ("x", "along", "size")  # fields of a claim: it compares values of y along this setting
MOST_LINES = 100  # of a figure: its legend grows with them, and PNG ends at 2^16 pixels


def check(sweep: Sweep, trials: Sequence[Trial], problems: Problems, without: Collection[Path] = ()) -> None:
    """Adds every name that is none, every value that no trial has, and what cannot be ordered or told apart.

    Where other problems are known already, only names are looked at: what trials there will be is not known then.
    without: curves, heat maps, surfaces and claims that were left out of the sweep, since their form is wrong.
    """
    if not EXPERIMENTS.is_usable(sweep.experiment):
        return
    columns, certain = Columns(trials), bool(trials) and not problems
    known = _Known(sweep, trials, columns)
    problems.extend(sweep.at(("measure",), message) for message in known.without_bounds)
    for item in items(sweep, without):
        found = [sweep.at(path, message) for path, message in known.unknown(item)]
        if not found and certain:
            found = [sweep.at(path, message) for path, message in _of_values(sweep, columns, item)]
        problems.extend(found)
    curves = [curve.name for curve in sweep.curves]
    for i, panel in enumerate(sweep.panels):
        missing = [name for name in panel.curves if name not in curves]
        problems.extend(sweep.at(("panels", i, "curves"), unknown("curve", name, curves)) for name in missing)


class _Known:
    """The names that exist."""

    def __init__(self, sweep: Sweep, trials: Sequence[Trial], columns: Columns) -> None:
        settings = columns.settings if trials else _settings_that_may_be(sweep)
        asked = trials[0].plain.get("measure") or () if trials else (*MEASURES.shipped(), *(sweep.measure or ()))
        self.splits = {name: MEASURES.load(name).SPLITS for name in asked if MEASURES.is_usable(name)}
        self.splits |= EXPERIMENTS.load(sweep.experiment).MEASURES
        self.without_bounds = list(_without_bounds(sweep.experiment, self.splits))
        there = MEASURES.names()  # where the trials are not known, for another mistake, any of them may be measured
        measures = sorted({*self.splits, *(name for name in (asked if trials else there) if name in there)})
        self.names = {
            AXIS: [*settings, "step"],
            MEASURE: measures, MOMENT: [*measures, "step"], SETTING: settings, EITHER: [*settings, *measures, "step"],
        }  # fmt: skip

    def unknown(self, item: Item) -> Iterator[tuple[Path, str]]:
        """Names that an item has and that are none, and splits that are not recorded: where they stand, what to say."""
        found = [
            (path, _unknown(what, name, self.names[what]))
            for path, what, name in names(item)
            if name not in self.names[what]
        ]
        yield from found or self._not_recorded(item)

    def _not_recorded(self, item: Item) -> Iterator[tuple[Path, str]]:
        field = "z" if "z" in item.quantities else "y"
        y = item.quantities.get(field, "")
        drawn = [use.measure for use in uses(y) if use.splits is None]
        x = str(item.says.get("x"))
        asked = [one for name in drawn for one in _splits(item, "split", name)] + [*_splits(item, "x_split", x)]
        asked += [(item.at(field, *u.path), u.measure, split) for u in uses(y) for split in u.splits or ()]
        for path, name, split in asked:
            recorded = self.splits.get(name, (split,))
            if split not in recorded and not (len(drawn) > 1 and recorded == ("",)):
                splits = " and ".join(one or "no split ('')" for one in recorded)
                yield path, f"{name} is not recorded on {split or 'no split'}; it is on {splits}"
        at = item.says.get("at")
        if item.section in ("curves", "heatmaps") and at is not None:
            yield from self._moments(item, drawn, at if isinstance(at, list) else [at])

    def _moments(self, item: Item, drawn: list[str], at: list[JsonValue]) -> Iterator[tuple[Path, str]]:
        """What decides which step is best, or where trials are matched, is recorded."""
        decide = {**dict.fromkeys(DECIDE, ()), **dict.fromkeys(drawn, ("test",))}  # what is known of it where it is not
        if "best" in at and not any("test" in self.splits.get(name, splits) for name, splits in decide.items()):
            what = f"best is where {' or '.join(dict.fromkeys([*drawn, *DECIDE]))} is smallest on test"
            yield item.at("at"), f"{what}, and none of them is recorded on test; leave it out"
        if "matched" in at and "train" not in self.splits.get("risk", ()):
            yield item.at("at"), "matched is where the training risk is equal, and risk is not measured; measure it"


def _unknown(what: str, name: str, known: list[str]) -> str:
    """What to say of a name that is none of those known: of a measure that exists, that it is not measured."""
    if what in (MEASURE, MOMENT, EITHER) and name in MEASURES.names():
        return f"{name} is not measured: add it to `measure`; known here: {', '.join(known)}"
    return unknown(what, name, known)


def _without_bounds(experiment: str, measures: Iterable[str]) -> Iterator[str]:
    """Why the bounds of measures cannot be read, which bands need: a sentence, or none."""
    try:
        bounds(experiment, measures)
    except BadPlugin as error:
        yield str(error)


def _settings_that_may_be(sweep: Sweep) -> list[str]:
    """The settings of trials that are not known, by the files that the sweep names: no other is imported."""
    with sweep.files.among(_texts(sweep.text.value)).active():
        return json_schema.setting_names(sweep.experiment)


def _texts(value: JsonValue) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _texts(one)


def _splits(item: Item, field: str, measure: str) -> Iterator[tuple[Path, str, str]]:
    """Every split in a field of an item: where it stands, of which measure it must be one, and the split."""
    value = item.says.get(field)
    if isinstance(value, list):
        yield from ((item.at(field, i), measure, str(split)) for i, split in enumerate(value))
    elif isinstance(value, str):
        yield item.at(field), measure, value


def _of_values(sweep: Sweep, columns: Columns, item: Item) -> Iterator[tuple[Path, str]]:
    """What is wrong with values: conditions that no trial fulfils, and settings whose values do not serve."""
    selection = _Selection(sweep, columns, item)
    cells = selection.narrowed("where", np.ones(len(columns), bool))
    if cells.any():
        selection.narrowed("one", cells)
        selection.narrowed("other", cells)
    yield from selection.found
    if not selection.found:
        found = [*_control(columns, item, cells), *_order(columns, item, cells), *_grouped(columns, item, cells)]
        yield from found or [*recorded.check(sweep.experiment, columns, item, cells), *_unfit(columns, item, cells)]


def _unfit(columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """What a claim itself says cannot be asked of the trials it would be judged on."""
    if item.claim is not None:
        yield from ((item.at(), problem) for problem in unfit(item.claim, columns.settings_of(cells)))


class _Selection:
    """Cells that fulfil conditions, and the conditions that leave none."""

    def __init__(self, sweep: Sweep, columns: Columns, item: Item) -> None:
        self.sweep, self.columns, self.item = sweep, columns, item
        self.found: list[tuple[Path, str]] = []

    def narrowed(self, field: str, cells: Mask) -> Mask:
        """Those of the cells that fulfil the conditions in a field of the item."""
        conditions = self.item.says.get(field)
        for key, wanted in conditions.items() if isinstance(conditions, dict) else ():
            kept = cells & self.columns.with_value(key, any_of(wanted))
            if not kept.any():
                self.found.append((self.item.at(field, key), self._nothing(key, wanted, cells)))
                return kept
            self._every_value(field, key, wanted)
            cells = kept
        return cells

    def _nothing(self, key: str, wanted: JsonValue, cells: Mask) -> str:
        whose = "there are" if cells.all() else "those that fulfil the conditions before it have"
        return messages.nothing_has(key, wanted, self.columns.among(key, cells), whose)

    def _every_value(self, field: str, key: str, wanted: JsonValue) -> None:
        """Each value of a list is one that trials have, here or without the profile."""
        everything = np.ones(len(self.columns), bool)
        for i, value in enumerate(wanted if isinstance(wanted, list) else ()):
            if not self.columns.with_value(key, [value]).any() and spelling(value) not in self.sweep.written_values.of(
                key
            ):
                what = messages.nothing_has(key, value, self.columns.among(key, everything))
                self.found.append((self.item.at(field, key, i), what))


def _control(columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """The value that tells the control from the others is there."""
    arm, control = item.says.get("arm"), item.says.get("control")
    if isinstance(arm, str) and "control" in item.says and not (cells & columns.with_value(arm, [control])).any():
        yield item.at("control"), messages.nothing_has(arm, control, columns.among(arm, cells))


def _order(columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """What needs numbers: the setting that a claim goes along, a logarithmic axis, the number of examples."""
    needs = {field: f"a claim along {item.says.get(field)} needs values with an order" for field in ORDERED}
    fields = [(field, item.says.get(field), needs[field]) for field in ORDERED] if item.section == "claims" else []
    for axis in {"curves": "x", "heatmaps": "xy"}.get(item.section, ""):
        if item.says.get(f"{axis}_scale") == "log":
            fields.append((f"{axis}_scale", item.says[axis], "a logarithmic scale needs numbers"))
    fields.append(("threshold", threshold(item), "a threshold needs a number of examples"))
    fields.append(("reference", over(item), "a reference needs numbers to divide by"))
    for field, setting, need in fields:
        if isinstance(setting, str) and setting in columns.settings:
            values = columns.among(setting, cells)
            without = [value for value in values if not messages.is_number(value)]
            if without and not (field == "threshold" and without == [None]):
                yield item.at(field), f"{need}, and {setting} has {messages.kinds(values)}" + _instead(field, item)


def _instead(field: str, item: Item) -> str:
    return "; `x: parameters` has one" if field == "x" and item.section == "claims" else ""


def _grouped(columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """The lines that `group` tells apart have one cell at each x: else a line would jump between different networks.
    So has a panel of a heat map at each x and y."""
    group, x, y = item.says.get("group"), item.says.get("x"), item.says.get("y")
    along = x == "step" or x in columns.settings
    if item.section not in ("curves", "heatmaps") or not isinstance(group, list):
        return
    lines = columns.combinations([str(name) for name in group], cells)
    if lines > MOST_LINES:
        told = f"{count_of(lines, 'line or panel', 'lines or panels')}, of which a figure can show {MOST_LINES}"
        yield item.at("group"), f"{', '.join(map(str, group))} would make {told}; leave one out, or choose with `where`"
        return
    if item.says.get("points") or not along or x == "seed":
        return
    places, what = [x], f"one line would have several points at the same {x}"
    if item.section == "heatmaps":
        places, what = [x, y], f"a cell would have several values at the same {x} and {y}"
    mixed = columns.mixed([str(name) for name in (*group, *places) if name not in ("seed", "step")], cells)
    if mixed:
        differ = f"{what}: its trials differ in {', '.join(mixed)}"
        yield item.at("group"), f"{differ}; name that in `group`, or choose one value with `where`"
