"""Which measures of a sweep are measured only where a training ends: what no figure or claim looks at earlier.

Of these, the ones that say that they are costly (`workers.interfaces.measure.Costly`) are taken once in a training that
runs, at its end. Any of them that is added later is computed from the kept network.
"""

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.spec.sweep import Sweep
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.analysis.specs.quantity import once_a_trial
from tracking.common.flatten import flat
from tracking.verdicts.claim import Claim
from workers.trial import Trial

BY_OTHERS = {"error", "risk"}  # by which `at: best` and `at: matched` choose a step, without naming them


def at_the_end(sweep: Sweep, trials: Iterable[Trial]) -> frozenset[str]:
    """The measures that the sweep asks for and of which no curve, heat map, surface or claim looks at an earlier step.
    Whatever is not known to look at the last step alone counts as looking at all of them."""
    found = set(sweep.measure or ()) - BY_OTHERS
    shapes = {trial.shape: trial for trial in trials}.values()
    settings = frozenset(name for trial in shapes for name in flat(trial.plain))
    for item in (*sweep.curves, *sweep.heatmaps, *sweep.surfaces, *sweep.claims):
        if not _looks_at_the_end(item, settings):
            found -= set(_texts(item.model_dump(mode="json")))
    return frozenset(found)


def sentence(once: Sequence[str]) -> str:
    """That these measures are taken once, as `Plan.once`, and how to get more of them."""
    verb = "is" if len(once) == 1 else "are"
    return (
        f"{', '.join(once)} {verb} measured once, when a training ends: no figure or claim looks at an earlier step (a "
        "curve with `x: step` would)"
    )


def _looks_at_the_end(item: object, settings: frozenset[str]) -> bool:
    if isinstance(item, Curve):
        return item.x != "step" and item.at in ((), ("last",)) and not once_a_trial(item.y)
    if isinstance(item, Heatmap):
        return "step" not in (item.x, item.y) and item.at in (None, "last") and not once_a_trial(item.z)
    if isinstance(item, Claim):
        return all(one.at == "last" and not once_a_trial(one.y) for one in item.needs(settings).measures.values())
    return False


def _texts(value: object) -> Iterator[str]:
    """All texts in JSON values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
