"""`sweep compare`: two or more sweeps, variants of one, or the same sweep in two stores."""

from collections import Counter
from collections.abc import Sequence

from orchestrator.commands.results.recorded import recorded
from orchestrator.commands.store.open_store import existing
from orchestrator.results import comparison
from orchestrator.results.comparison import Comparison, Labelled
from orchestrator.spec.kept import read
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.variant import Changes
from tracking.common.errors import Refused
from tracking.records.store import Store

APART = "::"  # between a store and a sweep in it


def compare(given: Sequence[str], store: str) -> Comparison:
    """given: sweeps, each after its own store and "::" where that is not `store`.

    Raises BadSweep, and Refused where a store or records are missing, where one sweep is given twice, and where the
    sweeps have no curve in common.
    """
    found = [_found(text, store) for text in given]
    names = Counter(sweep.variant for sweep, _, _ in found)
    labelled = []
    for sweep, at, root in found:
        label = sweep.variant if names[sweep.variant] == 1 else f"{root}{APART}{sweep.variant}"
        labelled.append(Labelled(label, recorded(sweep, at, root), at))
    for (label, place), number in Counter((one.label, one.store.root) for one in labelled).items():
        if number > 1:
            raise Refused(f"'{label}' is given {number} times in '{place}', and would be compared with itself")
    return comparison.compare(labelled)


def _found(text: str, store: str) -> tuple[Sweep, Store, str]:
    """A sweep, its store, and the store as it was given."""
    root, apart, spec = text.rpartition(APART)
    if apart and not (root and spec):
        raise Refused(f"'{text}': expected a store, '{APART}' and a sweep, as in old/runs{APART}fig2")
    at = existing(root or store)
    return read(spec, Changes(), lambda: at), at, root or store
