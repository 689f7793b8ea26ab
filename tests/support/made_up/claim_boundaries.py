"""For every claim: lines on which it is just not true, to be drawn again and again.

Where a claim is about means, the truth is the boundary case: the mean is at the bound itself, so that every "holds" is
an error, and as frequent as it can be for rows on which the claim is false. With "at least" in place of "more than" the
statement is just true: "fails" is as much of an error, and the more frequent, the more lines there are. Where a claim
is about every trial by itself there is no chance in it: one of the trials is beyond the bound by a hair.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.support.made_up.claim_lines import (
    Noise,
    along,
    cell,
    changes,
    counted,
    crossing,
    curves,
    delays,
    every,
    granulated,
    grid,
    lucky,
    networks,
    ordered,
    run,
    slopes,
    two_arms,
)
from tracking.verdicts.line import Line

HAIR = 1 + 1e-9
BEST_RATE = {"x": "x", "along": "data.label_noise"}


@dataclass(frozen=True)
class Boundary:
    """A claim with settings, what is just not so, and a line of n seeds on which that is the truth.

    just_true: whether the statement is true as soon as "more than" is "at least", so that "fails" is an error.
    """

    claim: str
    truth: str
    line: Callable[[int, Noise], Line]
    fields: Mapping[str, Any] = field(default_factory=dict)
    just_true: bool = True


LOGS = [0.0, *(1.2 * np.log(t) for t in range(1, 40))]
STRAIGHT = [0.0, *(1.4 * HAIR * np.log(t) for t in range(1, 40))]
NOISY = {"perturbation.relative_std": 0.25, "perturbation.noise_reference": "current"}
DESCENT = {"norm/a": [1.0, 2.0**0.5], "norm/b": [1.0, 2.0**0.5], "risk": [1.0, 0.5]}
TOO_FAR = {**DESCENT, "norm/b": [1.0, (2.0 + 0.1 * (1 + 1e-6)) ** 0.5]}

BOUNDARIES: tuple[Boundary, ...] = (
    Boundary("no_overfitting", "at the largest x, y is above the best by exactly the tolerance",
             lambda n, z: along(n, z, 0.01, y=(0.4, 0.3, 0.2, 0.21))),
    Boundary("no_overfitting", "the same, and all smaller x are equally good",
             lambda n, z: along(n, z, 0.01, y=(0.2, 0.2, 0.2, 0.21))),
    Boundary("no_overfitting", "the same, with 20 smaller x",
             lambda n, z: along(n, z, 0.01, y=(*(0.2,) * 20, 0.21))),
    Boundary("risk_overfits", "the last risk is exactly 1.2 times that at 19 other steps, all equally good",
             lambda n, z: curves(n, z, (*(1.0,) * 19, 1.2), 0.05, train_error=0.0)),
    Boundary("threshold_peak", "the risk rises to the threshold and stays there",
             lambda n, z: along(n, z, 0.1, y=(1, 2, 2, 2, 2), train_error=(0.5, 0.1, 0, 0, 0))),
    Boundary("threshold_peak", "the risk is the same everywhere",
             lambda n, z: along(n, z, 0.1, y=(1, 1, 1, 1, 1), train_error=(0.5, 0.1, 0, 0, 0))),
    Boundary("double_descent", "the error falls, rises, and stays there",
             lambda n, z: along(n, z, 0.02, y=(0.6, 0.3, 0.5, 0.5), train_error=(0.5, 0.1, 0, 0))),
    Boundary("double_descent", "the error falls once, and stays there",
             lambda n, z: along(n, z, 0.02, y=(0.6, 0.3, 0.3, 0.3), train_error=(0.5, 0.1, 0, 0))),
    Boundary("tracks", "one trial is too far from the bound by a hair",
             lambda n, z: every(n, {"y": [0, *[1.0] * 12]}, {"y": [0, *[1.1 * HAIR] * 12]}), {"y": "y", "bound": 1.0}),
    Boundary("delay", "the second event takes exactly ten times as long, on average", delays),
    Boundary("ranks_granulated", "tau is exactly 0 on average", granulated, {"along": ["a", "b"]}),
    Boundary("ranks_granulated", "tau is exactly 0 on average along one setting of two", granulated,
             {"along": ["a", "b"], "of": "worst"}),
    Boundary("more_data_helps", "the gain is exactly 0.15",
             lambda n, z: along(n, z, 0.02, (100, 1000, 10000), y=(0.9, 0.5, 0.35))),
    Boundary("more_data_helps", "from one size to the next y rises by exactly the slack",
             lambda n, z: along(n, z, 0.02, (100, 1000, 10000), y=(0.9, 0.92, 0.35))),
    Boundary("improves_at_zero_error", "two sizes that are fitted have the same error",
             lambda n, z: along(n, z, 0.02, test=(0.8, 0.6, 0.6), train=(0.0, 0.0, 0.0))),
    Boundary("gap_shrinks", "first and last gap are the same",
             lambda n, z: along(n, z, 0.02, test=(0.5, 0.5), train=(0.4, 0.4))),
    Boundary("gap_shrinks", "the last gap is minus the first", lambda n, z: along(n, z, 0.02, test=(0.5, 0.3),
             train=(0.4, 0.4))),
    Boundary("gap_shrinks", "there is no gap at all",
             lambda n, z: along(n, z, 0.02, test=(0.4, 0.4), train=(0.4, 0.4))),
    Boundary("chance_error", "the error is above chance by exactly the tolerance",
             lambda n, z: cell(n, z, 0.91, 0.003, "error"), {"chance": 0.9}),
    Boundary("fits_random_labels", "one seed of a size that must be fitted misses one example",
             lambda n, z: Line("", tuple(run(s, "c", {"error": 0.001 * (s == 0), "parameters": 9898.0}, x=100.0)
                                         for s in range(n)))),
    Boundary("bounded", "one trial is beyond the bound by a hair",
             lambda n, z: every(n, {"y": [1.0]}, {"y": [6 * HAIR]}), {"y": "y", "high": 6}),
    Boundary("bounded", "the mean is at the bound", lambda n, z: cell(n, z, 6.0, 0.5),
             {"y": "y", "high": 6, "mean": True}),
    Boundary("monotone", "two neighbours along a setting have the same mean",
             lambda n, z: along(n, z, 0.02, y=(0.1, 0.2, 0.2)), {"x": "x", "y": "y", "order": "rising"}),
    Boundary("monotone", "20 neighbours along a setting have the same mean",
             lambda n, z: along(n, z, 0.02, y=(0.1,) * 20), {"x": "x", "y": "y", "order": "rising"}),
    Boundary("monotone", "two neighbours have the same mean, of trials with the same seeds",
             lambda n, z: along(n, z, 0.02, y=(0.1, 0.2, 0.2)),
             {"x": "x", "y": "y", "order": "rising", "by_seed": True}),
    Boundary("monotone", "one trial stays where it is for one step",
             lambda n, z: every(n, {"y": [1, 2, 3]}, {"y": [1, 2, 2]}), {"x": "step", "y": "y", "order": "rising"}),
    Boundary("returns_to_zero", "one perturbation of one trial takes one step too long",
             lambda n, z: every(n, {"y": [0, 1, 0, 0], "count": [0, 1, 1, 1]},
                                {"y": [0, 1, 1, 0], "count": [0, 1, 1, 1]}), {"within": 2}),
    Boundary("norm_grows", "in one trial the norm stays where it is at one of two perturbations",
             lambda n, z: every(n, {"y": [1, 1.03, 1.06], "count": [0, 1, 2]},
                                {"y": [1, 1, 1.06], "count": [0, 1, 2]}, **NOISY)),
    Boundary("exceeds_control", "the change is exactly what it must exceed", lambda n, z: changes(n, z, 0.02, -0.1)),
    Boundary("exceeds_control", "it exceeds the control by exactly the margin", lambda n, z: changes(n, z, 0.12, 0.1)),
    Boundary("exceeds_control", "the control changes by exactly the share", lambda n, z: changes(n, z, 0.5, 0.05),
             {"share": 0.1}),
    Boundary("rises_once_fitted", "one trial stays where it is for one step",
             lambda n, z: every(n, {"y": [1, 2, 3], "error": [0, 0, 0]}, {"y": [1, 2, 2], "error": [0, 0, 0]})),
    Boundary("ranks", "Kendall's correlation is exactly 0.5 (of 7 n networks)",
             lambda n, z: networks(n, z, float(np.sin(np.pi / 4)))),
    Boundary("ranks", "Spearman's correlation is exactly 0.5 (of 7 n networks)",
             lambda n, z: networks(n, z, 2 * float(np.sin(np.pi / 12))), {"coefficient": "spearman"}),
    Boundary("linear_relation", "Pearson's correlation is exactly 0.95 (of 7 n networks)",
             lambda n, z: networks(n, z, 0.95)),
    Boundary("balanced", "one trial is beyond the bound by a millionth",
             lambda n, z: every(n, DESCENT, TOO_FAR, **{"optimizer.learning_rate": 0.1})),
    Boundary("log_rate", "the slope of one trial is too large by a hair",
             lambda n, z: every(n, {"y": LOGS}, {"y": STRAIGHT}), {"low": 1.0, "high": 1.4}),
    Boundary("agrees", "the means differ by exactly the tolerance",
             lambda n, z: two_arms(n, z, 0.52, 0.5, 0.005, ("one", "other")),
             {"one": {"x": 1}, "other": {"x": 2}}),
    Boundary("agrees", "the means differ by exactly the relative tolerance",
             lambda n, z: two_arms(n, z, 110.0, 100.0, 1.0, ("one", "other")),
             {"one": {"x": 1}, "other": {"x": 2}, "relative": True, "tolerance": 0.1}),
    Boundary("seeds_agree", "the standard deviation is the tolerance", lambda n, z: cell(n, z, 0.5, 0.02)),
    Boundary("null_space_walk", "the slope is 1.2", slopes),
    Boundary("as_expected", "the mean is 1.03 times the expectation",
             lambda n, z: cell(n, z, 20.6, 0.1, expected=20.0)),
    Boundary("settles", "one trial varies by more than the tolerance by a hair",
             lambda n, z: every(n, {"y": [0, 1.0, 1.0]}, {"y": [0, 1.0, 1.0 + 1e-3 * (1 + 1e-6)]}),
             {"y": "y", "after": 1, "tolerance": 1e-3}),
    Boundary("grows_between", "there is no growth", lambda n, z: curves(n, z, (1.0, 1.0), 0.1),
             {"y": "y", "since": 0}),
    Boundary("ordered_along", "two curves meet at one step", crossing,
             {"along": "x", "y": "y", "order": "rising"}),
    Boundary("overfits_eventually", "y at the largest x is exactly 10 times the smallest",
             lambda n, z: along(n, z, 0.05, (1, 50, 60, 300), test=(5.0, 1.0, 1.5, 10.0), train=(1, 0, 0, 0)),
             {"factor": 10}),
    Boundary("overfits_eventually", "y outside of the range is as small as inside",
             lambda n, z: along(n, z, 0.05, (1, 50, 60, 300), test=(1.0, 1.0, 1.0, 90.0), train=(1, 0, 0, 0)),
             {"factor": 10}),
    Boundary("early_stopping_helps", "all steps are equally good on average",
             lambda n, z: curves(n, z, (1.0,) * 20, 0.1)),
    Boundary("peak_grows", "both peaks are equally high",
             lambda n, z: grid(n, z, (0.6, 0.3, 0.5, 0.4, 0.3), (0.7, 0.4, 0.6, 0.5, 0.4))),
    Boundary("peak_grows", "of three peaks two are equally high",
             lambda n, z: grid(n, z, (0.6, 0.3, 0.3, 0.2), (0.7, 0.4, 0.6, 0.4), (0.7, 0.4, 0.6, 0.4))),
    Boundary("peak_grows", "there is no peak", lambda n, z: grid(n, z, (0.3,) * 5, (0.4,) * 5)),
    Boundary("peak_grows", "with the larger value the error no longer falls, and there is no peak",
             lambda n, z: grid(n, z, (0.6, 0.5, 0.4, 0.3, 0.2), (0.4,) * 5)),
    Boundary("optimum_rises", "both have the same best x, with little between it and the next",
             lambda n, z: grid(n, z, (0.5, 0.3, 0.32, 0.5), (0.5, 0.3, 0.32, 0.5)), BEST_RATE, just_true=False),
    Boundary("optimum_rises", "the best x is the first; with the larger value all are equally good",
             lambda n, z: grid(n, z, (0.3, 0.4, 0.5, 0.6), (0.3,) * 4), BEST_RATE),
    Boundary("optimum_rises", "all x are equally good", lambda n, z: grid(n, z, (0.3,) * 4, (0.3,) * 4), BEST_RATE),
    Boundary("longer_is_no_worse", "the last step is worse than all others by exactly the tolerance",
             lambda n, z: curves(n, z, (*(1.0,) * 19, 1.5), 0.1), {"tolerance": 0.5}),
    Boundary("longer_is_no_worse", "one step is better than the last by exactly the tolerance, the 18 others by less",
             lambda n, z: curves(n, z, (*(1.1,) * 18, 1.0, 1.5), 0.1), {"tolerance": 0.5}),
    Boundary("risk_overfits", "the last risk is exactly 1.2 times that at the best step, 18 others are almost as good",
             lambda n, z: curves(n, z, (*(1.04,) * 18, 1.0, 1.2), 0.05, train_error=0.0)),
    Boundary("peak_grows", "both peaks are equally high; that at the smaller value is wide",
             lambda n, z: grid(n, z, (0.6, 0.3, 0.49, 0.5, 0.49, 0.3), (0.6, 0.3, 0.4, 0.5, 0.4, 0.3))),
    Boundary("peak_grows", "with the larger value the error falls a little, rises, and stays there",
             lambda n, z: grid(n, z, (0.6, 0.5, 0.4, 0.3, 0.2), (0.4, 0.38, 0.4, 0.4, 0.4))),
    Boundary("exceeds_control", "nothing changes, but y is low where the training error is 0 by chance",
             lambda n, z: lucky(n, z, 0.05, 0.05), {"change": 0, "margin": None}),
    Boundary("exceeds_control", "nothing changes, but y is high where the training error is 0 by chance",
             lambda n, z: lucky(n, z, -0.05, 0.05), {"change": 0, "margin": None}),
    Boundary("exceeds_control", "nothing changes, but y of one arm is low where the training error is 0 by chance",
             lambda n, z: lucky(n, z, 0.05, 0.0), {"change": None, "margin": 0}),
    Boundary("grows_between", "there is no growth of an error counted on 20 examples, which is one more or one less",
             lambda n, z: counted(n, z), {"y": "error", "since": 0}),
    Boundary("monotone", "Spearman's correlation of four points is 1 or 0.8, and exactly 0.9 on average", ordered,
             {"x": "x", "y": "y", "order": "rising", "spearman": 0.9}),
    Boundary("exceeds_control", "nothing changes; trials of a seed are the same until the last step",
             lambda n, z: lucky(n, z, 0.05, 0.05, shared=True), {"change": None, "margin": 0}),
)  # fmt: skip
