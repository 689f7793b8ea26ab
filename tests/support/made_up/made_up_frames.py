"""Frames of made-up trials, whose errors differ between all cells, seeds, steps and splits: for tests of curves."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tracking.analysis.frame import Frame, Planned, frame, in_memory
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.statistics.intervals import POSITIVE, SHARE
from tracking.common.flatten import flat

WIDTHS, SEEDS, STEPS = (2, 4, 8), 5, (0, 1, 2, 3)
AXES: dict[str, list[Any]] = {"net.width": list(WIDTHS), "data.label_noise": [0.0, 1.0]}
CURVES = [  # one for each way in which a curve reads its rows
    Curve(name="last", x="net.width", y="error"),
    Curve(name="best", x="net.width", y="error", at=("last", "best"), band="iqr"),
    Curve(name="steps", x="step", y="error", centre="median", band="minmax"),
    Curve(name="layers", x="step", y="norm", band="sd"),
    Curve(name="measured", x="parameters", y="error", split="test"),
    Curve(name="time", x="time", y="error", split="train", at="every"),
    Curve(name="points", x="parameters", y="error", points=True),
]
BOUNDS = {"error": SHARE, **dict.fromkeys(("norm", "parameters", "time", "risk"), POSITIVE)}
Value = Callable[[dict[str, Any], int, int, str], float]


def noisy(settings: dict[str, Any], seed: int, step: int, split: str) -> float:
    """A made-up error, in [0, 1], that differs between all trials, steps and splits."""
    key = [int(settings["net.width"]), int(settings.get("net.batch_norm", 0)), seed, step, len(split)]
    return float(0.6 * np.random.default_rng(key).random() + 0.5 / settings["net.width"])


def recorded(
    axes: dict[str, list[Any]], value: Value = noisy, states: dict[tuple[int, int], str] | None = None
) -> Frame:
    """Trials over all axes and five seeds; `states` by (number of the cell, seed), finished where not named."""
    planned, outcomes, rows = [], {}, []
    for cell, combination in enumerate(itertools.product(*axes.values())):
        settings = {**dict(zip(axes, combination, strict=True)), "data.train_size": 100}
        for seed in range(SEEDS):
            trial, state = f"{cell}-{seed}", (states or {}).get((cell, seed), "finished")
            planned.append(Planned(trial, f"c{cell}", seed, settings))
            if state == "missing":
                continue
            outcomes[trial] = {"state": state, "step": 3, "reason": "", "digest": ""}
            for step, split in itertools.product(STEPS, ("train", "test")):
                rows.append((trial, step, split, "error", "", value(settings, seed, step, split)))
            for step in STEPS:
                rows.append((trial, step, "", "parameters", "", 10.0 * settings["net.width"] ** 2))
                rows.append((trial, step, "", "time", "", 0.5 * step))
                rows += [(trial, step, "", "norm", layer, 1.0 + seed + step) for layer in ("conv1", "fc")]
    table = pd.DataFrame(rows, columns=["trial", "step", "split", "measure", "layer", "value"])
    kinds = {c: "category" for c in ("trial", "split", "measure", "layer")}
    return frame(planned, outcomes, in_memory(table.astype(kinds)), bounds=BOUNDS)


def mixed(axes: dict[str, list[Any]]) -> Frame:
    """Finished trials over axes of any kind; settings that are mappings are flat, as a trial's are."""
    planned, rows = [], []
    for cell, combination in enumerate(itertools.product(*axes.values())):
        for seed, (step, split) in itertools.product(range(SEEDS), itertools.product(STEPS, ("train", "test"))):
            rows.append((f"{cell}-{seed}", step, split, "error", "", 0.1 + 0.01 * seed + 0.001 * cell))
        settings = flat(dict(zip(axes, combination, strict=True)))
        planned += [Planned(f"{cell}-{seed}", f"c{cell}", seed, settings) for seed in range(SEEDS)]
    table = pd.DataFrame(rows, columns=["trial", "step", "split", "measure", "layer", "value"])
    ended = {"state": "finished", "step": 3, "reason": "", "digest": ""}
    return frame(planned, {one.id: ended for one in planned}, in_memory(table))
