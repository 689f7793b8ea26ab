"""How far a launch is, as it says itself while it runs: a small file beside its lease, for `sweep status` elsewhere.

It is no record: nothing is decided by it, and without it `sweep status` shows what the commits say.
"""

from pydantic import BaseModel, ConfigDict, ValidationError

from tracking.records import layout
from tracking.records.files.storage import Files


class RunningBundle(BaseModel):
    """A bundle that is at work. step: the last that was reported, -1 while it starts; steps: in all."""

    model_config = ConfigDict(frozen=True)
    which: str
    models: int
    step: int
    steps: int
    train_error: float | None = None


class LiveProgress(BaseModel):
    """A launch at `at_ms`, in milliseconds since 1970. done: share of its work, from 0 to 1. summary: trials ended,
    speed, time left, in words. left_s: None where that cannot be said yet."""

    model_config = ConfigDict(frozen=True)
    at_ms: int
    done: float
    summary: str
    left_s: float | None
    running: tuple[RunningBundle, ...]


def write(files: Files, number: int, progress: LiveProgress) -> None:
    """number: of the lease of the launch. Raises StorageFailed."""
    files.write(layout.progress(number), progress.model_dump_json().encode(), "progress")


def read(files: Files, number: int) -> LiveProgress | None:
    """None where the launch has said nothing, or it cannot be understood. Raises StorageFailed."""
    try:
        return LiveProgress.model_validate_json(files.read(layout.progress(number)))
    except (FileNotFoundError, ValidationError):
        return None


def forget(files: Files, but: frozenset[int]) -> None:
    """Deletes what launches have said but those with these leases. Raises StorageFailed."""
    names = [info.name for info in files.listing(layout.PROGRESS)]
    files.delete([name for name in names if layout.lease_number(name) not in but])
