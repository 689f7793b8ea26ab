"""Checkpoints: tensors and plain Python to bytes and back, never running code on the way."""

import io
from typing import Any


def dump(state: dict[str, Any]) -> bytes:
    """State as bytes. `state` holds tensors, numbers, strings, lists and dictionaries only."""
    import torch

    out = io.BytesIO()
    torch.save(state, out)
    return out.getvalue()


def load(content: bytes) -> dict[str, Any]:
    """Bytes as state. Raises pickle.UnpicklingError when there is anything in it but tensors and plain Python."""
    import torch

    state: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    return state
