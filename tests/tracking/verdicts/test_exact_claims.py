"""The claims of Figures 4, 6 and 7: on rows where each must hold, where it must fail, where nothing can be said."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracking.analysis.frame import Frame, Planned, frame, in_memory
from tracking.claims import (
    as_expected,
    grows_between,
    null_space_walk,
    ordered_along,
    overfits_eventually,
    settles,
)
from tracking.verdicts.verify import verify

Values = dict[str, list[tuple[int, float]]]  # "measure" or "measure split": (step, value) of one trial


def recorded(trials: list[tuple[dict[str, Any], Values]], state: str = "finished") -> Frame:
    """A frame of trials given as (settings, values); the seed is the place among those of equal settings."""
    planned, outcomes, rows = [], {}, []
    for place, (settings, values) in enumerate(trials):
        seed = sum(other == settings for other, _ in trials[:place])
        planned.append(Planned(f"t{place}", str(sorted(settings.items())), seed, settings))
        outcomes[f"t{place}"] = {"state": state, "step": 0, "reason": "", "digest": ""}
        for name, series in values.items():
            measure, split = f"{name} ".split(" ")[:2]
            rows += [(f"t{place}", step, split, measure, "", value) for step, value in series]
    columns = ["trial", "step", "split", "measure", "layer", "value"]
    return frame(planned, outcomes, in_memory(pd.DataFrame(rows, columns=columns)))


def judged(found: Frame, settings: Any) -> tuple[str, dict[str, Any]]:
    (verdict,) = verify(found, [settings])
    return verdict.verdict, verdict.evidence


def walk(scale: float, seeds: int = 20, drift: float = 0.0) -> Frame:
    """Random walks in 31 dimensions, 40 steps of length `scale` where 1 is expected."""
    draw = np.random.default_rng(5)
    trials = []
    for _ in range(seeds):
        lengths = np.linalg.norm(np.cumsum(draw.normal(drift, scale, (40, 31)), axis=0), axis=1)
        expected = [(m, float(np.sqrt(31 * m))) for m in range(41)]
        trials.append(({}, {"null_norm": [(0, 0.0), *enumerate(lengths, 1)], "expected_null_norm": expected}))
    return recorded(trials)


def norms(mean: float, expected: float = 20.0, spread: float = 0.1) -> Frame:
    return recorded([({}, {"norm": [(9, mean + off)], "expected_norm": [(9, expected)]}) for off in (-spread, spread)])


def late(change: float, after: tuple[int, ...] = (60, 80, 100)) -> Frame:
    return recorded([({}, {"norm": [(0, 0.0), (20, 5.0), *[(s, 7.0 + change * (s == 100)) for s in after]]})] * 2)


def growing(*growths: float) -> Frame:
    return recorded([({}, {"risk test": [(5, 1.0), (10, 1.0), (90, 1.0 + growth)]}) for growth in growths])


def layers(*products: float, last: int = 1000) -> Frame:
    clock = [(0, 1.0), (1, 100.0), (2, float(last))]
    return recorded(
        [
            ({"layers": k}, {"time": clock, "norm_product": [(0, 1.0), (1, p), (2, 2 * p)]})
            for k, p in enumerate(products, 1)
        ]
    )


def degrees(test: dict[int, float], train: float = 1e-20) -> Frame:
    return recorded([({"degree": d}, {"risk test": [(0, v)], "risk train": [(0, train)]}) for d, v in test.items()])


FIGURE_6 = {1: 0.5, 30: 1e-4, 60: 1e-12, 100: 1e-10, 300: 0.1}
GROWS = grows_between.Settings(y="risk", since=10)
SETTLES = settles.Settings(y="norm", after=50, tolerance=1e-3)
ORDERED = ordered_along.Settings(along="layers", y="norm_product", order="rising", after=10)

CASES: list[tuple[str, Any, Callable[[], Frame], str]] = [
    ("walk", null_space_walk.Settings(), lambda: walk(1.0), "holds"),
    ("walk too fast", null_space_walk.Settings(), lambda: walk(1.3), "fails"),
    ("walk with a drift", null_space_walk.Settings(), lambda: walk(1.0, drift=0.3), "fails"),
    ("no walk", null_space_walk.Settings(), lambda: walk(0.0), "fails"),
    ("walk of few", null_space_walk.Settings(), lambda: walk(1.0, seeds=4), "not enough data"),
    ("expected", as_expected.Settings(), lambda: norms(20.3), "holds"),
    ("not expected", as_expected.Settings(), lambda: norms(21.0), "fails"),
    ("perhaps expected", as_expected.Settings(), lambda: norms(20.65, spread=0.3), "not enough data"),
    ("nothing expected", as_expected.Settings(expected="other"), lambda: norms(20.0), "not enough data"),
    ("settled", SETTLES, lambda: late(1e-4), "holds"),
    ("unsettled", SETTLES, lambda: late(1e-2), "fails"),
    ("settled too early", SETTLES, lambda: late(0.0, after=(60,)), "not enough data"),
    ("grown", GROWS, lambda: growing(0.5, 0.6, 0.4), "holds"),
    ("grown the same in all", GROWS, lambda: growing(0.1, 0.1), "holds"),
    ("shrunk", GROWS, lambda: growing(-0.5, -0.6, -0.4), "fails"),
    ("not grown at all", GROWS, lambda: growing(0.0, 0.0), "fails"),
    ("perhaps grown", GROWS, lambda: growing(0.5, -0.4, 0.1), "not enough data"),
    ("grown once", GROWS, lambda: growing(0.5), "not enough data"),
    ("ordered", ORDERED, lambda: layers(3.0, 4.0, 5.0), "holds"),
    ("crossing", ORDERED, lambda: layers(3.0, 5.0, 4.0), "fails"),
    ("alone", ORDERED, lambda: layers(3.0), "not enough data"),
    ("overfits", overfits_eventually.Settings(), lambda: degrees(FIGURE_6), "holds"),
    ("overfits little", overfits_eventually.Settings(), lambda: degrees({**FIGURE_6, 300: 1e-9}), "fails"),
    ("unfitted", overfits_eventually.Settings(), lambda: degrees(FIGURE_6, train=1e-3), "fails"),
    ("best elsewhere", overfits_eventually.Settings(), lambda: degrees({**FIGURE_6, 150: 1e-14}), "fails"),
    ("too short", overfits_eventually.Settings(), lambda: degrees({1: 0.5, 60: 1e-12}), "not enough data"),
]


@pytest.mark.parametrize(("settings", "rows", "verdict"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_verdict(settings: Any, rows: Callable[[], Frame], verdict: str) -> None:
    assert judged(rows(), settings)[0] == verdict


@pytest.mark.parametrize("settings", {c[1].name: c[1] for c in CASES}.values(), ids=lambda s: s.name)
def test_nothing_is_said_where_nothing_is_recorded(settings: Any) -> None:
    assert judged(recorded([({"layers": 1, "degree": 1}, {})] * 2, "missing"), settings)[0] == "not enough data"


def test_every_claim_has_its_three_cases() -> None:
    for name in {c[1].name for c in CASES}:
        assert {c[3] for c in CASES if c[1].name == name} == {"holds", "fails", "not enough data"}


def test_evidence_of_a_walk_is_its_slope() -> None:
    _, evidence = judged(walk(1.0), null_space_walk.Settings())
    assert evidence["slope"] == pytest.approx(1, abs=3 * evidence["standard_error"])
    assert evidence["expected_growth"] == pytest.approx(31)
    assert evidence["perturbations"] == 40


def test_undecided_growth_says_which_growth_could_be_seen() -> None:
    _, evidence = judged(growing(0.5, -0.4, 0.1), GROWS)
    visible = evidence["smallest_visible_growth"]
    assert visible == pytest.approx(2 * np.std([0.5, -0.4, 0.1], ddof=1) / np.sqrt(3))
    lift = visible - np.mean([0.5, -0.4, 0.1])
    assert judged(growing(*(g + lift * 1.01 for g in (0.5, -0.4, 0.1))), GROWS)[0] == "holds"


def test_one_bad_cell_decides_and_is_named() -> None:
    good, bad = {"nodes": "chebyshev"}, {"nodes": "authors"}
    both = recorded([(s, {"norm": [(60, 7.0), (80, 7.0 + (s is bad))]}) for s in (good, bad)])
    finding, evidence = judged(both, SETTLES)
    assert finding == "fails"
    assert evidence["chebyshev: verdict"] == "holds"
    assert evidence["authors: largest_change"] == 1.0
