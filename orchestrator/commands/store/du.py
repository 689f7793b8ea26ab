"""`sweep du`: what a store takes up, by kind of file and by sweep."""

from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.text import size
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.upkeep import sizes


def du(store: Store, as_json: bool) -> None:
    """Shows the sizes."""
    kinds, sweeps = sizes.by_kind(store), sizes.by_sweep(Ledger.read(store), KeptSweeps.read(store.files))
    if as_json:
        by_sweep = {variant: {"bytes": one.bytes, "shared_bytes": one.shared} for variant, one in sweeps.items()}
        return out_json({"store": store.root, "bytes": sum(kinds.values()), "kinds": kinds, "sweeps": by_sweep})
    lines = sorted(kinds.items(), key=lambda item: -item[1])
    table(f"store {store.root}", ["kind", "size"], [(kind, size(n)) for kind, n in lines])
    say(f"in all   {size(sum(kinds.values()))}")
    if sweeps:
        found = sorted(sweeps.items(), key=lambda item: -item[1].bytes)
        header = ["sweep", "size", "of it shared with other sweeps"]
        table("by sweep", header, [(variant, size(one.bytes), size(one.shared)) for variant, one in found])
