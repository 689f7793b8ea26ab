"""Sizes of a program's tile, its warps and its stages: the fastest of a few candidates, measured by Triton.

Measured at the first launch for a layer's shape and kept in Triton's cache folder for later processes. Triton's
interpreter, which times nothing, takes the first candidate.

Tiles have COLUMNS channels: a power of 2 and at least 16, as `tl.dot` wants; surplus channels are masked.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import triton
import triton.testing

from workers.engines.gpu.kernels.jit import Kernel

WIDEST = 128  # columns of a tile
WARMUP_MS, TIMED_MS = (
    5,
    20,
)  # of a candidate: hundreds of launches of a small kernel; Triton's own take five times as long
MOST_SUMS = 64  # of a tile in one thread: with more, an H100's registers do not suffice


class Candidate(NamedTuple):
    """What is tried: ROWS or INNER of a tile, warps of a program, and stages of the pipeline of its loads."""

    rows: int
    warps: int
    stages: int


def tuned(
    kernel: Kernel, rows: str, channels: str, candidates: Sequence[Candidate], key: Sequence[str],
    timer: Callable[..., Sequence[float]] | None = None,
) -> Kernel:  # fmt: skip
    """The kernel, launched with the fastest candidate for the values of `key`. rows: the name of what a candidate calls
    rows. channels: the argument that says how many columns there are. timer: as `triton.testing.do_bench`, which is
    what times on a GPU."""
    configs = [
        triton.Config({rows: c.rows, "COLUMNS": columns}, num_warps=c.warps, num_stages=c.stages)
        for columns in (16, 32, 64, WIDEST)
        for c in candidates
        if fits(c, columns)
    ]

    def fitting(configs: list[triton.Config], given: dict[str, object], **fixed: int) -> list[triton.Config]:
        return [c for c in configs if c.kwargs["COLUMNS"] in columns_for(fixed[channels])]

    timer = timer or (_first if triton.knobs.runtime.interpret else _timed)
    prune, timed = {"early_config_prune": fitting}, {"do_bench": timer, "cache_results": True}
    made: Kernel = triton.autotune(configs, key=list(key), prune_configs_by=prune, **timed)(kernel)
    return made


def fits(candidate: Candidate, columns: int) -> bool:
    """Whether a thread of such a tile has registers for its sums."""
    return candidate.rows * columns <= MOST_SUMS * 32 * candidate.warps and columns <= 32 * candidate.warps


def columns_for(channels: int) -> tuple[int, ...]:
    """Columns that are tried for so many channels."""
    needed = min(max(1 << (channels - 1).bit_length(), 16), WIDEST)
    return (64, WIDEST) if needed == WIDEST else (needed,)


def _first(launch: Callable[[], None], quantiles: Sequence[float]) -> Sequence[float]:
    """The same time for every candidate."""
    return [1.0 for _ in quantiles]


def _timed(launch: Callable[[], None], quantiles: Sequence[float]) -> Sequence[float]:
    """Quantiles of the milliseconds of a launch."""
    found: list[float] = triton.testing.do_bench(launch, WARMUP_MS, TIMED_MS, quantiles=quantiles)
    return found
