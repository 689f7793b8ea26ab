"""A row, one measured number, and the progress of a bundle, a stream of such rows."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tracking.common.errors import Damaged
from tracking.records.provenance import About

State = Literal["running", "finished", "diverged", "failed", "cancelled"]

SCHEMA = pa.schema(
    [
        ("trial", pa.dictionary(pa.int32(), pa.string())),
        ("step", pa.int64()),
        ("split", pa.dictionary(pa.int32(), pa.string())),
        ("measure", pa.dictionary(pa.int32(), pa.string())),
        ("layer", pa.dictionary(pa.int32(), pa.string())),
        ("value", pa.float64()),
    ]
)


class Row(NamedTuple):
    """One measured number.

    `split` is "train", "test" or "" for what belongs to no data (a norm); `layer` is "" for what belongs
    to the whole network. `step` counts what the experiment says it counts (epochs for `network`).
    A diverged network's values are recorded as they are, NaN included.
    """

    trial: str
    step: int
    split: str
    measure: str
    layer: str
    value: float


class Outcome(NamedTuple):
    """How a trial ended. `reason` is shown to users: "epochs done", "train error 0", "risk is not finite"."""

    state: State
    step: int
    reason: str


class Progress(NamedTuple):
    """What a bundle has done since its last `Progress`: the unit in which work is committed.

    `state()` returns all that is needed to continue after `step`, as tensors and plain Python values (what
    `workers.runtime.checkpoint` can store). It is called only when a commit is made, so that a network that trains an
    epoch in microseconds does not copy its weights every epoch.
    `visits`: training examples times models since the last `Progress`. `about`: what is now known of its provenance.
    `weights()`: the trained networks as a file to keep, once all trials have ended; None where there is none to keep.
    """

    step: int
    rows: list[Row]
    ended: dict[str, Outcome]
    state: Callable[[], dict[str, Any]]
    about: About = About()
    visits: int = 0
    weights: Callable[[], bytes] | None = None


def table(rows: list[Row]) -> pa.Table:
    """Rows as an Arrow table with the columns of `SCHEMA`."""
    columns: list[Sequence[object]] = list(zip(*rows, strict=True)) if rows else [()] * len(SCHEMA)
    arrays = [
        pa.array(c, type=pa.string()).dictionary_encode()
        if pa.types.is_dictionary(f.type)
        else pa.array(c, type=f.type)
        for c, f in zip(columns, SCHEMA, strict=True)
    ]
    return pa.table(arrays, schema=SCHEMA)


def coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int32]]:
    """The words of a column of words, and for each row [T] the number of its word among them."""
    whole = column.unify_dictionaries().combine_chunks()
    return whole.dictionary.to_pylist(), whole.indices.to_numpy()


def of_parquet(content: bytes, name: str) -> pa.Table:
    """The rows in a segment. Raises Damaged, naming the file, where it is no Parquet file with the columns of `SCHEMA`,
    whatever its digest."""
    try:
        # Buffering ahead starts threads, which more than double the processor time where all is in memory already.
        found = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False).read(use_threads=False)
    except (pa.ArrowException, ValueError, OSError) as error:  # an OSError, too, says that the content is none
        raise Damaged(f"{name} is no segment of rows ({str(error).splitlines()[0]})", name) from error
    if not found.schema.equals(SCHEMA):
        raise Damaged(f"{name} is no segment of rows (its columns are {', '.join(found.schema.names)[:200]})", name)
    if any(column.null_count for column in found.columns):
        raise Damaged(f"{name} is no segment of rows (it has empty cells)", name)
    return found
