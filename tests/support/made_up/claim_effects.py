"""For every claim about means: lines on which its statement is true by so many standard deviations.

By 0 standard deviations it is just not true, as in `claim_boundaries`. One standard deviation is that over the seeds of
what is compared; of correlations the slope is larger by as much.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.made_up.claim_boundaries import BEST_RATE
from tests.support.made_up.claim_lines import (
    Noise,
    along,
    cell,
    changes,
    crossing,
    curves,
    delays,
    granulated,
    grid,
    networks,
    slopes,
    two_arms,
)
from tracking.verdicts.line import Line


@dataclass(frozen=True)
class Effect:
    """A claim with settings, what is larger by the effect, and a line of n seeds with it."""

    claim: str
    what: str
    line: Callable[[int, Noise, float], Line]
    fields: Mapping[str, Any] = field(default_factory=dict)


ONE_OTHER = {"one": {"x": 1}, "other": {"x": 2}}
RISING = {"x": "x", "y": "y", "order": "rising"}
EFFECTS: tuple[Effect, ...] = (
    Effect("agrees", "what is left of the tolerance, of 4 at most",
           lambda n, z, d: two_arms(n, z, 0.52 - 0.005 * d, 0.5, 0.005, ("one", "other")), ONE_OTHER),
    Effect("as_expected", "what is left of the tolerance, of 4 at most",
           lambda n, z, d: cell(n, z, 20.6 - 0.15 * d, 0.15, expected=20.0)),
    Effect("bounded", "the distance of the mean from the bound", lambda n, z, d: cell(n, z, 6 - 0.5 * d, 0.5),
           {"y": "y", "high": 6, "mean": True}),
    Effect("chance_error", "what is left of the tolerance, of 4 at most",
           lambda n, z, d: cell(n, z, 0.91 - 0.0025 * d, 0.0025, "error"), {"chance": 0.9}),
    Effect("delay", "the logarithm of the delay", delays),
    Effect("double_descent", "the peak above the dip and the last",
           lambda n, z, d: along(n, z, 0.02, y=(0.6, 0.3, 0.3 + 0.02 * d, 0.3), train_error=(0.5, 0.1, 0, 0))),
    Effect("early_stopping_helps", "the last step above all 19 others",
           lambda n, z, d: curves(n, z, (*(1.0,) * 19, 1 + 0.1 * d), 0.1)),
    Effect("exceeds_control", "the change above what it must exceed",
           lambda n, z, d: changes(n, z, 0.02 + 0.01 * d, -0.1)),
    Effect("gap_shrinks", "the fall of the gap",
           lambda n, z, d: along(n, z, 0.02, test=(0.5, 0.5 - 0.02 * d), train=(0.4, 0.4))),
    Effect("grows_between", "the growth", lambda n, z, d: curves(n, z, (1.0, 1 + 0.1 * d), 0.1),
           {"y": "y", "since": 0}),
    Effect("improves_at_zero_error", "the fall from one fitted size to the next",
           lambda n, z, d: along(n, z, 0.02, test=(0.8, 0.6, 0.6 - 0.02 * d), train=(0.0, 0.0, 0.0))),
    Effect("linear_relation", "the slope over 7 n networks", lambda n, z, d: networks(n, z, _slope(0.95, d))),
    Effect("longer_is_no_worse", "what is left of the tolerance, at 19 steps",
           lambda n, z, d: curves(n, z, (*(1.0,) * 19, 1.5 - 0.1 * d), 0.1), {"tolerance": 0.5}),
    Effect("monotone", "the rise to the last x",
           lambda n, z, d: along(n, z, 0.02, y=(0.1, 0.2, 0.2 + 0.02 * d)), RISING),
    Effect("more_data_helps", "the gain above what it must exceed",
           lambda n, z, d: along(n, z, 0.02, (100, 1000, 10000), y=(0.9, 0.5, 0.35 - 0.02 * d))),
    Effect("no_overfitting", "what is left of the tolerance",
           lambda n, z, d: along(n, z, 0.01, y=(0.4, 0.3, 0.2, 0.21 - 0.01 * d))),
    Effect("null_space_walk", "what is left of the tolerance, of 4 at most",
           lambda n, z, d: slopes(n, z, 1.2 - 0.05 * d)),
    Effect("optimum_rises", "how much better the best x is, at either end",
           lambda n, z, d: grid(n, z, (0.3, *(0.3 + 0.02 * d,) * 3), (*(0.3 + 0.02 * d,) * 3, 0.3)), BEST_RATE),
    Effect("ordered_along", "the distance of two curves at one step", crossing,
           {"along": "x", "y": "y", "order": "rising"}),
    Effect("overfits_eventually", "y at the largest x above 10 times the smallest",
           lambda n, z, d: along(n, z, 0.05, (1, 50, 60, 300), test=(5.0, 1.0, 1.5, 10 + 0.5 * d), train=(1, 0, 0, 0)),
           {"factor": 10}),
    Effect("peak_grows", "the growth of the peak",
           lambda n, z, d: grid(n, z, (0.6, 0.3, 0.5, 0.4, 0.3), (0.7, 0.4, 0.6 + 0.02 * d, 0.5, 0.4))),
    Effect("ranks", "the slope over 7 n networks", lambda n, z, d: networks(n, z, _slope(0.5**0.5, d))),
    Effect("ranks_granulated", "the slope", granulated, {"along": ["a", "b"]}),
    Effect("risk_overfits", "the last risk above 1.2 times that at 19 others",
           lambda n, z, d: curves(n, z, (*(1.0,) * 19, 1.2 + 0.05 * d), 0.05, train_error=0.0)),
    Effect("seeds_agree", "how many times as small as the tolerance the deviation is, less 1",
           lambda n, z, d: cell(n, z, 0.5, 0.02 / (1 + d))),
    Effect("threshold_peak", "the peak above all others",
           lambda n, z, d: along(n, z, 0.1, y=(1, 1, 1 + 0.1 * d, 1, 1), train_error=(0.5, 0.1, 0, 0, 0))),
)  # fmt: skip


def _slope(r: float, more: float) -> float:
    """The correlation where the slope, in standard deviations of the rest, is larger than where it is r."""
    slope = r / (1 - r**2) ** 0.5 + more
    return float(slope / (1 + slope**2) ** 0.5)
