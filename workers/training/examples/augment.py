"""Augmentation: training images are flipped and shifted at random, anew in every epoch, from a trial's seed.

M models, N training examples of a model, B examples of a batch, H W height and width, K channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from workers.interfaces.dataset import Augmentation
from workers.runtime import seeds

if TYPE_CHECKING:
    from jaxtyping import Int64, Shaped
    from numpy.typing import NDArray

PADDING = 4  # pixels of zeros around an image, of which a window of the image's size is cut


def drawn(how: Sequence[Augmentation], seed: int, epoch: int, examples: int) -> Int64[NDArray[np.int64], "N 3"]:
    """For each of a model's examples in this epoch: whether it is flipped, and row and column of the window."""
    rng = seeds.generator(seed, "augment", epoch)
    flipped = rng.integers(0, 2, examples)
    corner = rng.integers(0, 2 * PADDING + 1, (examples, 2))
    return np.column_stack([
        flipped if "flip" in how else np.zeros_like(flipped),
        corner if "crop" in how else np.full_like(corner, PADDING),
    ])  # fmt: skip


def augmented(x: Shaped[Tensor, "M B H W K"], moves: Int64[Tensor, "M B 3"]) -> Shaped[Tensor, "M B H W K"]:
    """Windows of the padded images, some of them mirrored left to right."""
    m, b, h, w, k = x.shape
    flipped, top, left = moves.flatten(0, 1).unbind(1)
    rows = top[:, None] + torch.arange(h, device=x.device)
    columns = torch.arange(w, device=x.device)
    columns = left[:, None] + torch.where(flipped[:, None] > 0, columns.flip(0), columns)
    padded = F.pad(x.flatten(0, 1), (0, 0, PADDING, PADDING, PADDING, PADDING))
    example = torch.arange(m * b, device=x.device)[:, None, None]
    return padded[example, rows[:, :, None], columns[:, None, :]].view(m, b, h, w, k)
