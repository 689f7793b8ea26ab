"""Checkpoints come back as they were; of tensors of zeros alone one number is written."""

import io
from typing import Any

import pytest
import torch

from workers.runtime import checkpoint

WEIGHTS = torch.randn(1000, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(3, 4),
        torch.zeros(0, 2),
        torch.tensor(0),
        torch.zeros(2, dtype=torch.bool),
        torch.tensor([-0.0, 0.0]),
        torch.tensor([0.0, float("nan")]),
        WEIGHTS[::2],
        WEIGHTS.reshape(10, 100).T,
    ],
)
def test_every_tensor_comes_back_to_the_bit_and_can_be_changed(tensor: torch.Tensor) -> None:
    state: dict[str, Any] = {"deep": [{"tensor": tensor}, 1.5, None, "text"], "step": 3}
    found = checkpoint.load(checkpoint.dump(state))
    checkpoint.check_form(found, state)
    back = found["deep"][0]["tensor"]
    assert back.dtype == tensor.dtype and back.shape == tensor.shape
    assert back.numpy().tobytes() == tensor.numpy().tobytes()
    assert found["deep"][1:] == [1.5, None, "text"] and found["step"] == 3
    if not tensor.any() and tensor.numel() > 1:  # in place, each number by itself
        back.view(-1)[0] = 1
        assert back.count_nonzero() == 1


def test_a_momentum_of_zeros_takes_no_room_and_what_was_written_before_is_read() -> None:
    state = {"weights": WEIGHTS, "momentum": torch.zeros_like(WEIGHTS)}
    before = io.BytesIO()
    torch.save(state, before)
    now = checkpoint.dump(state)
    assert len(now) < len(before.getvalue()) - 3900
    for content in (now, before.getvalue()):
        found = checkpoint.load(content)
        assert found["weights"].equal(WEIGHTS) and found["momentum"].equal(state["momentum"])
