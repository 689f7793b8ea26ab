"""Serialises checkpoints of tensors and plain Python values; loading one executes no code."""

import io
from typing import Any

from tracking.common.errors import Damaged


def dump(state: dict[str, Any]) -> bytes:
    """State as bytes. `state` holds tensors, numbers, strings, lists and dictionaries only."""
    import torch

    out = io.BytesIO()
    torch.save(state, out)
    return out.getvalue()


def load(content: bytes, name: str = "checkpoint") -> dict[str, Any]:
    """Bytes as state. Raises Damaged, naming the file, when they hold anything but tensors and plain Python."""
    import torch

    try:
        state: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:  # zip, pickle and torch raise exceptions of their own
        raise Damaged(
            f"{name} is not a checkpoint of tensors and plain values ({type(error).__name__})", name
        ) from error
    return state
