"""The points that are sent, against the same rules written as loops over the rows of one trial."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.support.stores.mirrored_sweep import ABOUT
from tracking.mirror.content.curve_runs import metric_key
from tracking.mirror.content.points import LAYERS, kept, points, stamp
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import State

COLUMNS = ["trial", "step", "split", "measure", "layer", "value"]


def recorded(id: str, state: State, step: int, started: int) -> TrialRecord:
    clock = ((20, started + 900), (20, started + 950), (step, started + 5000))
    settings = {"net": {"width": 16}, "seed": 1}
    return TrialRecord(id, "c", "network", settings, "b", state, step, "", 1, started, clock, (ABOUT,))


def rows(id: str, steps: int) -> list[tuple[object, ...]]:
    """Ten layers of a norm in an order that is not theirs, two measures with splits, and some values not finite."""
    of = np.random.default_rng(sum(map(ord, id)))
    series = [("", "norm", f"conv{9 - k}") for k in range(10)]
    series += [(split, measure, "") for split in ("train", "test") for measure in ("error", "risk")]
    out = [(id, step, *names, float(of.random())) for step in range(steps) for names in series]
    return [(*row[:5], math.nan if of.random() < 0.05 else row[5]) for row in out]


def expected(trial: TrialRecord, table: list[tuple[object, ...]], sent: int) -> set[tuple[str, float, int, int]]:
    """By the rules, one series after the other."""
    final = trial.state in ("finished", "diverged")
    series: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for _, step, split, measure, layer, value in table:
        assert isinstance(step, int) and isinstance(value, float)
        if math.isfinite(value) and (final or step <= trial.step):
            series.setdefault((str(measure), str(layer), str(split)), []).append((step, value))
    layers = [key for key in series if key[0] == "norm"][:LAYERS]
    out = set()
    for key, line in series.items():
        if key[0] == "norm" and key not in layers:
            continue
        for place, (step, value) in enumerate(line):
            due, before = (bool(_kept(place, len(line), whole)) for whole in (final, False))
            if due and not (before and step <= sent):
                out.add((metric_key(key[0], key[1], key[2]), value, stamp(trial, step), step))
    return out


def _kept(place: int, count: int, final: bool) -> np.bool_:
    found: np.bool_ = kept(np.array([place]), np.array([count]), np.array([final]))[0]
    return found


@pytest.mark.parametrize("sent", [-1, 30])
def test_the_points_of_a_bundle_are_those_of_each_of_its_trials(sent: int) -> None:
    trials = [
        recorded("a", "finished", 99, 1000),
        recorded("b", "running", 60, 1000),
        recorded("c", "failed", 70, 2000),
    ]
    trials.append(recorded("d", "diverged", 80, 1000))
    tables = {t.id: rows(t.id, 100 if t.id == "a" else 81) for t in trials}
    mixed = pd.DataFrame([row for step in zip(*tables.values(), strict=False) for row in step], columns=COLUMNS)
    rest = pd.DataFrame(tables["a"][81 * 14 :], columns=COLUMNS)
    found = points(("net.width",), trials, pd.concat([mixed, rest]), {t.id: sent for t in trials})
    for trial in trials:
        own = {point.key for point in found[trial.id] if point.key.split("/")[0] in ("setting", "diverged_step")}
        assert own == ({"setting/net.width", "setting/seed"} if sent < 0 else set()) | (
            {"diverged_step"} if trial.state == "diverged" else set()
        )
        measured = [tuple(point) for point in found[trial.id] if point.key not in own]
        assert set(measured) == expected(trial, tables[trial.id], sent) and len(set(measured)) == len(measured)


def test_of_no_rows_and_of_other_trials_rows_there_are_no_points() -> None:
    trial = recorded("a", "finished", 99, 1000)
    for table in (pd.DataFrame([], columns=COLUMNS), pd.DataFrame(rows("b", 3), columns=COLUMNS)):
        assert [p.key for p in points((), [trial], table, {})["a"]] == ["setting/seed"]
