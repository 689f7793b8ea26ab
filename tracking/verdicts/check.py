"""What is wrong with a claim, as far as the settings of the trials tell: asked before anything runs.

A name that nothing has, an x without an order, groups that no trial belongs to, labels that are not random: each would
else end as "not enough data" after all has been trained.
"""

from collections.abc import Collection, Iterator, Sequence

from tracking.analysis.specs.quantity import measures_of, once_a_trial
from tracking.analysis.values import is_number
from tracking.common.named_files.plugins import unknown
from tracking.verdicts.claim import Claim, Needs, Trial

PERTURBATIONS = "perturbations"  # recorded of every trial that is perturbed, without being asked for


def check(claim: Claim, trials: Sequence[Trial], measures: Collection[str] | None = None) -> list[str]:
    """A sentence for every problem; none where the claim can be judged once the trials are finished.

    trials: the settings of those that the claim's `where` selects, flat, without the seed. measures: what will be
    recorded of them; not looked at where it is None.
    """
    if not trials:
        return ["no trial to judge"]
    needs = claim.needs(frozenset(name for trial in trials for name in trial))
    once = [m.y for m in needs.measures.values() if m.at == "every" and once_a_trial(m.y)]
    steps = [f"{claim.name} looks at every step, and a trial has one number of {y}" for y in once]
    return [*claim.problems(trials), *_x(needs, trials, measures), *_measures(claim, needs, trials, measures), *steps]


def no_order(setting: str, values: Sequence[object]) -> str | None:
    """Why nothing rises or falls along a setting: a value that is no number; None where all are numbers."""
    for value in values:
        if not is_number(value):
            return f"{setting} has the value {value!r}, which is no number: there is no order along it"
    return None


def not_along(setting: str, trials: Sequence[Trial]) -> str | None:
    """Why nothing changes along a setting: no trial has it, it has no order, or it is the same in all; else None."""
    if not any(setting in trial for trial in trials):
        return f"along: no trial has the setting '{setting}'"
    values = [trial.get(setting) for trial in trials]
    problem = no_order(setting, values)
    if problem is not None:
        return f"along: {problem}"
    return (
        f"along: all trials have {setting} {values[0]}; there is nothing to compare" if len(set(values)) < 2 else None
    )


def _x(needs: Needs, trials: Sequence[Trial], measures: Collection[str] | None) -> Iterator[str]:
    """What lies along x is a number in every trial that is compared."""
    if needs.x is None:
        return
    if not any(needs.x in trial for trial in trials):
        if measures is not None and needs.x not in measures:
            settings = {name for trial in trials for name in trial}
            yield f"x: {unknown('setting or measure', needs.x, sorted({*settings, *measures}))}"
        return
    problem = no_order(needs.x, [trial.get(needs.x) for trial in trials])
    if problem is not None:
        yield problem


def _measures(claim: Claim, needs: Needs, trials: Sequence[Trial], measures: Collection[str] | None) -> Iterator[str]:
    """Every measure that is looked at will be recorded."""
    if measures is None:
        return
    perturbed = any(name.startswith("perturbation.") for trial in trials for name in trial)
    looked_at = [name for measured in needs.measures.values() for name in measures_of(measured.y)]
    for one in dict.fromkeys([*looked_at, *([claim.reached.measure] if claim.reached else [])]):
        if one not in measures and not (one == PERTURBATIONS and perturbed):
            yield unknown("measure", one, sorted(measures))
