"""Writes the trained weights of one trial as a file."""

from pathlib import Path

from orchestrator.commands.trial.rerun import find
from tracking.records.ledger import Ledger


def export_weights(ledger: Ledger, trial: str, file: Path) -> str:
    """Writes the weights of the one trial whose id begins so, and returns its whole id. Raises Refused where there is
    none, and where its network is not kept; Damaged."""
    from workers.trained_module import export

    record = find(ledger, trial)
    export(ledger.store, record, file)
    return record.id
