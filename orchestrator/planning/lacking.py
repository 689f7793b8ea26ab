"""What recorded trials lack of what a sweep asks for: measures added later, or steps between those that were measured.

Rows that are there are not recorded again: what is lacking is recorded in bundles of its own, beside them.
"""

import functools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from tracking.common.text import count_of
from tracking.records.joined import RESULTS
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import Every, Observed, TrialRecord, both, includes
from workers.bundle import measured_in_any_case, observed
from workers.trial import Trial

EDITED, SELDOM = "its file was edited since", "it was measured at fewer steps"
HOW = {"weights": "computed from kept weights", "training": "trained again for it"}


def lacking(
    trials: Sequence[Trial], recorded: Mapping[str, TrialRecord], at_the_end: Collection[str]
) -> Iterator[Trial]:
    """The trials with a result of which not all is measured that they ask for, with what they lack as their measures;
    with all of them where they lack what is measured in any case.

    at_the_end: measures of which nothing but the last step is looked at.
    """
    asked: dict[tuple[object, ...], Observed | None] = {}
    in_any_case = frozenset(measured_in_any_case(trials[0])) if trials else frozenset()
    complete = set[tuple[int, int]]()  # cells of which nothing lacks where this was observed, by the objects they share
    for trial in trials:
        record = recorded.get(trial.id)
        if record is None or record.state not in RESULTS or record.observed is None:
            continue
        alike = (id(trial.unseeded), id(record.observed))
        if alike in complete and not record.beside:
            continue
        key = (trial.experiment, str(trial.plain.get("measure")), str(trial.plain.get("evaluate_every")))
        if key not in asked:
            asked[key] = observed(trial)
        wanted = asked[key]
        lacks = [*_observed_again(trial, wanted, record.measured, at_the_end, in_any_case)] if wanted else []
        if not lacks and not record.beside:
            complete.add(alike)
        yield from lacks


def _observed_again(
    trial: Trial, wanted: Observed, there: Mapping[str, tuple[str, Every]], at_the_end: Collection[str],
    in_any_case: frozenset[str],
) -> Iterator[Trial]:  # fmt: skip
    """The trial with what it lacks; none where nothing lacks. Where it was measured at other steps, it is to be
    measured at both those and the ones that are asked for, so that one record has them all. What is measured in any
    case does not lack where a record, of an earlier version, does not name it."""
    lacks = [
        name
        for name, digest in wanted.measures
        if (name in there or name not in in_any_case)
        and not _is_measured(there.get(name), digest, wanted.every, name in at_the_end)
    ]
    if lacks:
        every = functools.reduce(both, (there[name][1] for name in lacks if name in there), wanted.every)
        if in_any_case.intersection(lacks):
            yield trial.measuring(trial.plain["measure"], every, partial=False)
        else:
            yield trial.measuring(lacks, every)


def _is_measured(there: tuple[str, Every] | None, digest: str, every: Every, only_the_end: bool) -> bool:
    """Whether a measure is recorded by this source of it, and at every step that is asked for."""
    if there is None or there[0] != digest:
        return False
    return only_the_end or includes(there[1], every)


def computable(
    lacks: Sequence[Trial], recorded: Mapping[str, TrialRecord], ledger: Ledger, at_the_end: Collection[str]
) -> frozenset[str]:
    """The ids of the trials whose trained weights are kept, and enough to compute what they lack."""
    at_the_end = {*at_the_end}
    found = [t for t in lacks if t.partial and at_the_end.issuperset(t.plain["measure"])]
    kept = {bundle for bundle in {recorded[t.id].bundle for t in found} if ledger.weights(bundle)}
    return frozenset(t.id for t in found if recorded[t.id].bundle in kept)


def reasons(lacks: Sequence[Trial], recorded: Mapping[str, TrialRecord]) -> dict[str, str]:
    """Why measures that are recorded count as lacking, by name: their file was edited, or they were measured seldom."""
    found: dict[str, str] = {}
    for trial in lacks:
        asked, there = observed(trial), recorded[trial.id].measured
        for name, source in asked.measures if asked else ():
            if name in there and there[name][0] != source:
                found[name] = EDITED
            elif name in there and asked and not includes(there[name][1], asked.every):
                found.setdefault(name, SELDOM)
    return found


def sentences(lacks: Mapping[tuple[str, ...], Counter[str]], why: Mapping[str, str]) -> list[str]:
    """How many trials lack which measures, why, and how they are measured; as `Plan.lacks` and `Plan.why_lacking`."""
    said = []
    for names, counts in lacks.items():
        named = [f"{name} ({why[name]})" if name in why else name for name in names]
        measures = f"measure {named[0]}" if len(names) == 1 else f"the measures {', '.join(named)}"
        trials = count_of(counts.total(), "recorded trial lacks", "recorded trials lack")
        how = ", ".join(f"{count_of(n, 'is', 'are')} {HOW[key]}" for key, n in sorted(counts.items()))
        said.append(f"{trials} {measures}: {how}")
    return said
