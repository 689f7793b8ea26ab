"""`sweep compare`: sweeps, variants of one, the same sweep in two stores, or as it was launched before."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.commands.results.recorded import recorded
from orchestrator.commands.store.open_store import existing
from orchestrator.results import comparison
from orchestrator.results.comparison import Comparison, Labelled
from orchestrator.spec.kept import of_version, read
from orchestrator.spec.load import ENDINGS
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.variant import Changes, split, variant
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.text import count_of
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.store import Store

APART = "::"  # between a store and a sweep in it
EARLIER = re.compile(r"(?P<sweep>.+)~(?P<back>[1-9][0-9]{0,2})")  # small~1: the version of its file before the last


def compare(given: Sequence[str], store: str) -> Comparison:
    """given: sweeps, each after its own store and "::" where that is not `store`.

    Raises BadSweep, and Refused where a store, a version or records are missing, where one sweep is given twice, and
    where the sweeps have no curve in common.
    """
    found = [_found(text, store) for text in given]
    names = Counter(one.name for one in found)
    labelled = []
    for sweep, name, at, root in found:
        label = name if names[name] == 1 else f"{root}{APART}{name}"
        labelled.append(Labelled(label, recorded(sweep, at, root), at))
    for (label, place), number in Counter((one.label, one.store.root) for one in labelled).items():
        if number > 1:
            raise Refused(f"'{label}' is given {number} times in '{place}', and would be compared with itself")
    return comparison.compare(labelled)


class _Given(NamedTuple):
    """A sweep, what it is called beside others, its store, and the store as it was given."""

    sweep: Sweep
    name: str
    store: Store
    root: str


def _found(text: str, store: str) -> _Given:
    root, apart, spec = text.rpartition(APART)
    if apart and not (root and spec):
        raise Refused(f"'{text}': expected a store, '{APART}' and a sweep, as in old/runs{APART}fig2")
    at = existing(root or store)
    if earlier := EARLIER.fullmatch(spec):
        return _Given(*_earlier(earlier["sweep"], int(earlier["back"]), at), at, root or store)
    sweep = read(spec, Changes(), lambda: at)
    return _Given(sweep, sweep.variant, at, root or store)


def _earlier(spec: str, back: int, store: Store) -> tuple[Sweep, str]:
    """The sweep as its file was so many versions before the one that was launched last, and what that is called."""
    file, changes = split(spec)
    name = variant(Path(file).stem if file.endswith(ENDINGS) else file, changes)
    found = KeptSweeps.read(store.files).by_variant
    if name not in found:
        raise Refused(
            f"{unknown('sweep', name, sorted(found))}; the store '{store.root}' keeps versions of these alone"
        )
    versions = found[name].versions
    if back >= len(versions):
        raise Refused(f"'{spec}~{back}': the store '{store.root}' keeps {count_of(len(versions), 'version')} of {name}")
    return of_version(store, found[name], versions[-1 - back]), f"{name}~{back}"
