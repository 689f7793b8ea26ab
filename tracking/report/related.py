"""Which figures show what a claim is about: those of the measures that it looks at, among the same trials."""

from collections.abc import Iterable, Mapping

from tracking.analysis.heat import Heat
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.analysis.specs.quantity import measures_of
from tracking.plotting.kinds.panels import Part
from tracking.verdicts.claim import Claim

MOST = 3  # figures that a verdict points to


def related(claim: Claim, settings: frozenset[str], contents: Iterable[Part | Heat]) -> list[str]:
    """The names of the figures that draw the first of its measures, those that draw most of the others first.
    settings: those that the trials have."""
    looked_at = [set(measures_of(one.y)) for one in claim.needs(settings).measures.values()]
    drawn = [content.curve if isinstance(content, Part) else content.heatmap for content in contents]
    among = {one.name: _measures(one) for one in drawn if not _apart(one.where, claim.where)}
    found = [name for name, measures in among.items() if looked_at and looked_at[0] & measures]
    shared = {name: sum(len(each & among[name]) for each in looked_at) for name in found}
    return sorted(found, key=lambda name: -shared[name])[:MOST]


def _measures(drawn: Curve | Heatmap) -> set[str]:
    return {*measures_of(drawn.y), drawn.x} if isinstance(drawn, Curve) else {*measures_of(drawn.z)}


def _apart(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether no trial can fulfil the conditions of both."""
    return any(set(map(str, _listed(one[key]))).isdisjoint(map(str, _listed(other[key]))) for key in one.keys() & other)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
