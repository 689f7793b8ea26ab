"""Trained weights of a bundle's models as one safetensors file, which any program can read and which runs no code.

Tensors are named `parameters/<name>` and `buffers/<name>` and have a leading M: one row for each model, in the order of
the ids that the file's metadata lists under `trials`. Floating-point numbers are float32, whatever trained them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from tracking.common.errors import Damaged

if TYPE_CHECKING:
    from jaxtyping import Shaped
    from torch import Tensor

    Stacked = Mapping[str, Shaped[Tensor, "M ..."]]  # of M models, by name

PARTS = ("parameters", "buffers")


class Trained(NamedTuple):
    """The weights of M models on the CPU; row i of each tensor is that of `trials[i]`."""

    trials: tuple[str, ...]
    parameters: Stacked
    buffers: Stacked

    def of(self, trial: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Parameters and buffers of one trial, by name."""
        i = self.trials.index(trial)
        parameters, buffers = ({n: v[i] for n, v in part.items()} for part in (self.parameters, self.buffers))
        return parameters, buffers


def dump(trained: Trained) -> bytes:
    """The file. NaN and infinite weights of models that diverged are kept as they are."""
    from safetensors.torch import save

    found = {
        f"{part}/{name}": _single(value).contiguous()
        for part, tensors in zip(PARTS, (trained.parameters, trained.buffers), strict=True)
        for name, value in tensors.items()
    }
    return save(found, {"trials": json.dumps(trained.trials)})


def _single(value: Tensor) -> Tensor:
    """A copy of its own: safetensors refuses tensors that share memory."""
    value = value.detach().cpu()
    return value.float().clone() if value.is_floating_point() else value.clone()


def load(content: bytes, name: str) -> Trained:
    """What `dump` wrote. Raises Damaged, naming the file, where it is none of these."""
    from safetensors import SafetensorError
    from safetensors.torch import load as read

    try:
        tensors, trials = read(content), json.loads(_metadata(content)["trials"])
    except (SafetensorError, ValueError, KeyError) as error:
        raise Damaged(f"{name} is no file of trained weights ({type(error).__name__}: {error})", name) from error
    parts = [{n.partition("/")[2]: v for n, v in tensors.items() if n.startswith(f"{part}/")} for part in PARTS]
    return Trained(tuple(trials), parts[0], parts[1])


def _metadata(content: bytes) -> dict[str, str]:
    """The text that the file says of itself: its first 8 bytes are the length of the JSON that follows."""
    length = int.from_bytes(content[:8], "little")
    found: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    return found
