"""The curves, heat maps, surfaces and claims of a sweep by their place in the file, and the names that they hold.

Which field holds what is known by the field's name, for claims of users' own, too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from orchestrator.spec.dotted_keys import Settings
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.yaml_source import Path
from tracking.analysis.specs.quantity import Derived, Quantity, uses
from tracking.common.named_files.plugins import Frozen
from tracking.verdicts.claim import Claim

MEASURE, MOMENT, SETTING, EITHER = "measure", "measure or step", "setting", "setting or measure"
AXIS = "setting or step"
FIELDS = {  # what a field holds the name of
    "y": MEASURE, "z": MEASURE, "expected": MEASURE, "clock": MOMENT, "x": EITHER, "along": SETTING, "size": SETTING,
    "arm": SETTING, "group": SETTING, "also": SETTING,
}  # fmt: skip
AXES = {"surfaces": MEASURE, "heatmaps": AXIS}  # what x and y are there, unlike in curves and claims
QUANTITIES = ("y", "z")  # fields that may be derived from measures
CONDITIONS = ("where", "one", "other")


class Item(NamedTuple):
    """A curve, a heat map, a surface or a claim, and what it says, defaults included; the claim itself where it is one.

    quantities: of the fields that hold a measure, or what is derived from some.
    """

    section: str
    number: int
    says: Settings
    quantities: Mapping[str, Quantity]
    claim: Claim | None = None

    def at(self, *path: str | int) -> Path:
        return (self.section, self.number, *path)


def items(sweep: Sweep, without: Collection[Path]) -> Iterator[Item]:
    """Everything that is drawn or judged, by its place in the file."""
    sections: dict[str, Sequence[Frozen]] = {
        "curves": sweep.curves,
        "heatmaps": sweep.heatmaps,
        "claims": sweep.claims,
        "surfaces": sweep.surfaces,
    }
    for section, items in sections.items():
        total = len(items) + len(without)
        places = (i for i in range(total) if (section, i) not in without)
        for number, item in zip(places, items, strict=False):
            fields = ((name, value) for name, value in item if name in QUANTITIES)
            quantities = {
                name: value
                for name, value in fields
                if isinstance(value, str | Derived) and (section, name) != ("heatmaps", "y")
            }
            says, claim = item.model_dump(mode="json"), item if isinstance(item, Claim) else None
            yield Item(section, number, says, quantities, claim)


def names(item: Item) -> Iterator[tuple[Path, str, str]]:
    """Every name in an item: where it stands, what it must be the name of, and the name."""
    for field, what in FIELDS.items():
        value = item.says.get(field)
        if field in ("x", "y") and item.section in AXES:
            what = AXES[item.section]
        if isinstance(quantity := item.quantities.get(field), Derived):
            yield from ((item.at(field, *use.path), MEASURE, use.measure) for use in uses(quantity))
            continue
        listed: list[tuple[Path, JsonValue]] = [(item.at(field), value)]
        if isinstance(value, list):
            listed = [(item.at(field, i), name) for i, name in enumerate(value)]
        for path, name in listed:
            if isinstance(name, str):
                yield path, what, name
    for field in CONDITIONS:
        wanted = item.says.get(field)
        for key in wanted if isinstance(wanted, dict) else ():
            yield item.at(field, key), SETTING, key
    if setting := threshold(item):
        yield item.at("threshold"), SETTING, setting
    if setting := over(item):
        yield item.at("reference", "over"), SETTING, setting


def over(item: Item) -> str:
    """The setting that a line to compare with is divided by; "" where there is none."""
    reference = item.says.get("reference")
    return str(reference["over"]) if isinstance(reference, dict) else ""


def threshold(item: Item) -> str:
    """The setting that holds the number of training examples; "" where no threshold is marked."""
    said = item.says.get("threshold")
    return "data.train_size" if said is True else said if isinstance(said, str) else ""
