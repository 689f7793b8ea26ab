"""Serialises checkpoints of tensors and plain Python values; loading one executes no code.

A checkpoint with the right checksum may still be no state of its bundle, as when somebody has changed both: experiments
compare it with a state of their own (`check_form`) before they go on from it.
"""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracking.common.errors import Damaged
from tracking.common.text import count_of

if TYPE_CHECKING:
    import torch


def dump(state: dict[str, Any]) -> bytes:
    """State as bytes. `state` holds tensors, numbers, strings, lists and dictionaries only. Of a tensor of zeros alone,
    such as the momentum of an optimizer without any, one number is written."""
    import torch

    out = io.BytesIO()
    torch.save(_each_tensor(state, _zeros_once), out)
    return out.getvalue()


def load(content: bytes, name: str = "checkpoint") -> dict[str, Any]:
    """Bytes as state. Raises Damaged, naming the file, when they hold anything but tensors and plain Python."""
    import torch

    try:
        state: object = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:  # zip, pickle and torch raise exceptions of their own
        raise Damaged(
            f"{name} is not a checkpoint of tensors and plain values ({type(error).__name__})", name
        ) from error
    if not isinstance(state, dict):
        raise Damaged(f"{name} holds {_form(state)} and not a state by its names", name)
    whole: dict[str, Any] = _each_tensor(state, _written_out)
    return whole


def _zeros_once(tensor: "torch.Tensor") -> "torch.Tensor":
    """The same tensor, of which only one number lies in memory where all bytes are zero: -0.0 is kept as it is."""
    import torch

    if not tensor.numel() or tensor.contiguous().reshape(-1).view(torch.uint8).any():
        return tensor
    return tensor.new_zeros(()).expand(tensor.shape)


def _written_out(tensor: "torch.Tensor") -> "torch.Tensor":
    """The same tensor with all of its numbers in memory, to be changed in place."""
    return tensor.contiguous() if 0 in tensor.stride() else tensor


def _each_tensor(state: Any, change: "Callable[[torch.Tensor], torch.Tensor]") -> Any:
    """The state with each of its tensors changed."""
    import torch

    if isinstance(state, torch.Tensor):
        return change(state)
    if isinstance(state, dict):
        return {key: _each_tensor(value, change) for key, value in state.items()}
    return [_each_tensor(value, change) for value in state] if isinstance(state, list) else state


def check_form(found: object, like: object, place: str = "state") -> None:
    """Raises Damaged, saying where, unless `found` has the keys of `like`, and tensors of the same shapes.

    Numbers and None are of one form, since some numbers become known in training, and so are numbers of any precision.
    """
    inner, expected = _parts(found), _parts(like)
    if _kind(found) != _kind(like) or inner.keys() != expected.keys():
        raise Damaged(f"holds {_form(found)} and not {_form(like)} as {place}")
    for key, value in expected.items():
        check_form(inner[key], value, f"{place}.{key}")


def done(state: dict[str, Any] | None, trials: int) -> int:
    """How many trials a state says are done, of an experiment that does one after the other; 0 without one. Raises
    Damaged."""
    if state is None:
        return 0
    found = state.get("done")
    if state.keys() != {"done"} or type(found) is not int or not 0 <= found <= trials:
        raise Damaged(f"holds {state!r:.80} and not how many of {count_of(trials, 'trial')} are done")
    return found


def _parts(value: object) -> dict[Any, object]:
    """What a dictionary or a list holds, by key or place."""
    if isinstance(value, dict):
        return value
    return dict(enumerate(value)) if isinstance(value, list) else {}


def _kind(value: object) -> object:
    """What two values of one form have in common, besides what they hold."""
    import torch

    if isinstance(value, torch.Tensor):
        return "tensor", tuple(value.shape), value.is_floating_point()
    return "number" if value is None or isinstance(value, int | float) else type(value)


def _form(value: object) -> str:
    """In words, for a message."""
    import torch

    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)} ({value.dtype})"
    if isinstance(value, dict):
        return f"the keys {', '.join(sorted(map(str, value)))}"[:80]
    return f"a list of {len(value)}" if isinstance(value, list) else repr(value)[:40]
