"""A matrix on the device that is filled from the host again and again, without either waiting for the other.

On a GPU the values pass through page-locked memory of the host, from which the device copies when its queue reaches the
copy; the host waits only where it is a whole copy ahead.

R rows, W columns that the matrix has, V columns of the values that it is filled with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Shaped


class Uploaded:
    """`there` is the matrix on the device. It keeps its address while it is wide enough, as recorded graphs need."""

    def __init__(self, rows: int, width: int, dtype: torch.dtype, device: torch.device) -> None:
        self.there: Shaped[Tensor, "R W"] = torch.zeros(rows, width, dtype=dtype, device=device)
        self._cuda = device.type == "cuda"
        self._here = self._staging(width)
        self._copied: torch.cuda.Event | None = None  # when the device has read `_here`
        self._filled: tuple[int, ...] = (rows, 0)  # the shape of what it was last filled with

    def too_narrow(self, values: Shaped[NDArray[Any], "R V"]) -> bool:
        """Whether `fill` will move the matrix to another address."""
        return bool(values.shape[1] > self.there.shape[1])

    def fill(self, values: Shaped[NDArray[Any], "R V"]) -> None:
        """Queues a copy of the values, converted to the matrix' type, to its first columns."""
        if self.too_narrow(values):
            self.there = self.there.new_zeros(values.shape)
        if self._copied is not None:
            self._copied.synchronize()
        if self._here.numel() < values.size:
            self._here = self._staging(values.shape[1])
        self._filled = values.shape
        np.copyto(self._last().numpy(), values, casting="same_kind")
        self.there[:, : values.shape[1]].copy_(self._last(), non_blocking=True)
        if self._cuda:
            self._copied = torch.cuda.Event()
            self._copied.record()

    def holds(self, values: Shaped[NDArray[Any], "R V"]) -> bool:
        """Whether it was last filled with these values."""
        return bool(np.array_equal(self._last().numpy(), values))

    def _last(self) -> Shaped[Tensor, "R V"]:
        return self._here[: math.prod(self._filled)].view(self._filled)

    def _staging(self, width: int) -> Shaped[Tensor, " RW"]:
        return torch.zeros(len(self.there) * width, dtype=self.there.dtype, pin_memory=self._cuda)
