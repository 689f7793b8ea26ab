"""`sweep export`: the trained weights of one trial as a file."""

from pathlib import Path
from typing import NamedTuple

from orchestrator.commands.trial.rerun import find
from tracking.common.errors import Refused
from tracking.records.ledger import Ledger


class Exported(NamedTuple):
    """What was written where."""

    trial: str
    file: Path
    bytes: int


def export(ledger: Ledger, trial: str, file: Path) -> Exported:
    """Writes the weights of the one trial whose id begins so. Raises Refused where there is none, where its network is
    not kept, and where the folder does not exist; Damaged."""
    from workers.trained_module import export as write

    record = find(ledger, trial)
    if not file.absolute().parent.is_dir():
        raise Refused(f"'{file}' cannot be written: there is no folder '{file.absolute().parent}'")
    write(ledger.store, record, file)
    return Exported(record.id, file, file.stat().st_size)
