"""The verbs on a store as a whole."""

from orchestrator.commands.options import Json, WhichStore


def ls(*, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """The sweeps of a store: their trials by state, their last launch, what they take up, and their verdicts."""
    from orchestrator.commands.store.ls import ls

    ls(at.existing(), as_json)
    return 0
