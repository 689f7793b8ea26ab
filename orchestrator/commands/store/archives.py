"""`sweep pack` and `sweep unpack`: a sweep as one file, for another machine or another store."""

import logging
from pathlib import Path

from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from tracking.common.errors import Changed, Damaged, InUse, Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.text import count_of, size
from tracking.common.versions import is_installed
from tracking.records.command_lines import command
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases.lease_file import at_work
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.upkeep import pack as packing
from tracking.records.upkeep import unpack as unpacking

LOG = logging.getLogger(__name__)


def pack(variant: str, file: Path, store: Store, as_json: bool) -> None:
    """Writes the archive of a variant. Raises Refused where the store has none, InUse while a launch works on it."""
    known = KeptSweeps.read(store.files).by_variant
    if variant not in known:
        raise Refused(f"{unknown('sweep', variant, list(known))}; `{command('ls', store=store.root)}` lists them")
    if not file.absolute().parent.is_dir():
        raise Refused(f"'{file}' cannot be written: there is no folder '{file.absolute().parent}'")
    kept = known[variant]
    for claim in at_work(store.files):
        if claim.overlaps(kept.name, kept.trials):
            raise InUse(
                f"{claim} works on {kept.name}; pack it when that has ended: "
                f"`{command('status', variant, store=store.root)}` shows how far it is"
            )
    ledger = Ledger.read(store)
    try:
        index = packing.pack(kept, ledger, file)
    except (Damaged, FileNotFoundError) as error:
        if Ledger.read(store).manifests == ledger.manifests:
            raise
        raise Changed(f"the records of {variant} were changed while they were packed ({error})") from error
    recorded = len(kept.trials & ledger.trials)
    if as_json:
        return out_json({"sweep": variant, "file": str(file), "trials": recorded, "bytes": index.total})
    trials, files = count_of(recorded, "trial"), count_of(len(index.files), "file")
    say(f"{file}: {variant} with {trials}, {files}, {size(index.total)}")


def unpack(file: Path, store: Store, as_json: bool) -> None:
    """Puts the sweep of an archive into a store."""
    if not file.is_file():
        raise Refused(f"'{file}': no such file")
    found = unpacking.unpack(file, store, LOG.warning)
    variant = found.kept.variant
    if as_json:
        plain = {"sweep": variant, "trials": found.trials, "new_files": len(found.new), "bytes": found.bytes}
        return out_json({**plain, "store": store.root})
    trials, files = count_of(found.trials, "trial"), count_of(len(found.new), "new file")
    say(f"{variant}: {trials}, {size(found.bytes)}; {files} in {store.root}")
    say(f"look at  `{command('verify', variant, store=store.root)}`")
    if is_installed("mlflow"):
        say(f"MLflow   `{command('sync', variant, store=store.root)}` brings it there")
