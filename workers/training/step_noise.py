"""The random numbers that the steps of an optimizer take (`workers.interfaces.optimizer.Noisy`).

Those of a step are drawn from the trial's seed and the number of the step alone: they do not depend on the other models
of the bundle, on a resume or on the engine. They are drawn on the CPU, in float32, whatever device and precision train.

M models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from workers.interfaces.optimizer import noise_names
from workers.runtime import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.interfaces.optimizer import Tensors
    from workers.training.settings import Settings


class StepNoise:
    """The random numbers of the models of one bundle."""

    def __init__(self, bundle: Sequence[Settings]) -> None:
        """Raises BadPlugin where `NOISE` of the optimizer is not as `Noisy` says."""
        self._names = noise_names(bundle[0].optimizer.name)
        self._drawn_from = [(s.seed, _purpose(s)) for s in bundle]

    def of(self, p: Tensors, t: int) -> dict[str, Tensors]:
        """Independent standard normal numbers like all parameters `p`, by the names in `NOISE`; t: 1 at the first step.

        Empty for an optimizer that takes none.
        """
        if not self._names:
            return {}
        drawn = [self._of_one(seed, purpose, p, t) for seed, purpose in self._drawn_from]
        return {
            part: {name: torch.from_numpy(np.stack([one[part, name] for one in drawn])).to(p[name]) for name in p}
            for part in self._names
        }

    def _of_one(self, seed: int, purpose: str, p: Tensors, t: int) -> dict[tuple[str, str], NDArray[np.float32]]:
        """By part and name of the parameter, drawn in the order of these names."""
        rng = seeds.generator(seed, purpose, t)
        return {
            (part, name): rng.standard_normal(tuple(p[name].shape[1:]), dtype=np.float32)
            for part in self._names
            for name in sorted(p)
        }


def _purpose(settings: Settings) -> str:
    """Another one after a pretraining, whose steps are counted from 1, too: its random numbers are in the weights."""
    pretrained = settings.pretrain is not None and settings.pretrain.label_noise > 0
    return "step after pretraining" if pretrained else "step"
