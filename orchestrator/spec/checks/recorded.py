"""The steps and layers that a curve, a heat map or a claim asks for are held against those that the trials record."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from orchestrator.spec.checks.items import Item
from orchestrator.spec.checks.trial_columns import Columns, Mask
from orchestrator.spec.yaml_source import Path
from tracking.analysis.specs.quantity import uses
from tracking.common.named_files.plugins import unknown
from workers.plugins import EXPERIMENTS

MOST = 8  # steps that are shown
LAYERED = ("net", "data", "layers")  # settings that decide which layers there are


def check(experiment: str, columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """Where a step or layer stands that some trial, or none, records; and what to say."""
    yield from _steps(experiment, columns, item, cells)
    yield from _layers(experiment, columns, item, cells)


def _steps(experiment: str, columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """Every trial records a step that is asked for by its number."""
    at = item.says.get("at") if item.section in ("curves", "heatmaps") else None
    asked = [(item.at("at", i), step) for i, step in enumerate(at)] if isinstance(at, list) else [(item.at("at"), at)]
    steps = {place: step for place, step in asked if isinstance(step, int)}
    if not steps:
        return
    recorded_steps = EXPERIMENTS.load(experiment).recorded_steps
    there = [recorded_steps(trial.settings) for trial in columns.one_of_each(cells)]
    for place, step in steps.items():
        lacking = next((known for known in there if known is not None and step not in known), None)
        if lacking is not None:
            nearest = min(lacking, key=lambda known: abs(known - step))
            listed = f"one records {_listed(lacking)}; the nearest is {nearest}"
            yield place, f"not every trial records step {step}; {listed}"


def _layers(experiment: str, columns: Columns, item: Item, cells: Mask) -> Iterator[tuple[Path, str]]:
    """Some trial has a layer that is asked for. Layers are looked up only then: that may build networks."""
    asked = dict(_asked(item))
    if not asked:
        return
    recorded_layers = EXPERIMENTS.load(experiment).recorded_layers
    found = [recorded_layers(trial.settings) for trial in columns.one_of_each(cells, LAYERED)]
    known = [layers for layers in found if layers is not None]
    everything = list(dict.fromkeys(layer for layers in known for layer in layers))
    if len(known) == len(found):
        for path, layer in asked.items():
            if layer not in everything:
                yield path, unknown("layer", layer, everything or ["(none)"])


def _asked(item: Item) -> Iterator[tuple[Path, str]]:
    """Every layer that is named, and where."""
    named: JsonValue = item.says.get("layer")
    for i, layer in enumerate(named if isinstance(named, list) else []):
        if isinstance(layer, str) and layer:
            yield item.at("layer", i), layer
    if isinstance(named, str) and named:
        yield item.at("layer"), named
    for field, quantity in item.quantities.items():
        yield from ((item.at(field, *use.path[:-1], "layer"), use.layer) for use in uses(quantity) if use.layer)


def _listed(steps: Sequence[int]) -> str:
    """The steps, of many the first and the last."""
    shown = [*map(str, steps)] if len(steps) <= MOST else [*map(str, steps[: MOST - 1]), "...", str(steps[-1])]
    return ", ".join(shown)
