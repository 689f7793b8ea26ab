"""Triton's compiler with types, which Triton itself lacks."""

from collections.abc import Callable
from typing import Protocol

import triton
import triton.language as tl

Grid = tuple[int, int, int]


class Kernel(Protocol):
    """A function compiled by Triton: launched as kernel[grid](arguments), or called by another kernel."""

    def __getitem__(self, grid: Grid | Callable[[dict[str, int]], Grid], /) -> Callable[..., None]: ...

    def __call__(self, *arguments: tl.tensor | int) -> tl.tensor: ...


jit: Callable[[Callable[..., tl.tensor | tuple[tl.tensor, ...] | None]], Kernel] = triton.jit
