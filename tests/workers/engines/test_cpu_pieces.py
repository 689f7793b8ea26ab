"""An epoch that is cut into pieces for the compiled kernels is the same epoch, bit by bit."""

from typing import Any

import pytest

from tests.support.networks import small_trials
from workers.engines.cpu import library, pieces
from workers.engines.cpu.pieces import Pieces
from workers.experiments import network

NETS = ({"name": "convnet", "depth": 3, "width": 4, "batch_norm": True}, {"name": "convnet", "depth": 3, "width": 6})
OPTIMIZERS = (
    {"name": "adam", "batch_size": 50, "schedule": {"name": "cosine", "per": "step"}},
    {"name": "gd", "learning_rate": 0.1, "momentum": 0.5},
)


def test_pieces_are_all_steps_in_order_and_grow() -> None:
    cut = Pieces()
    first, second = list(cut.of(100)), list(cut.of(100))
    for found in (first, second):
        assert [step for a, b in found for step in range(a, b)] == list(range(100))
    assert len(second) < len(first) < 100, "empty pieces take no time, so that they grow"


@pytest.mark.skipif(not library.available(), reason=library.reason())
@pytest.mark.parametrize(("net", "optimizer"), list(zip(NETS, OPTIMIZERS, strict=True)), ids=["adam", "gd"])
def test_cut_anywhere_it_is_the_same(
    net: dict[str, Any], optimizer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEP_ENGINE", "fused")
    monkeypatch.setattr(pieces, "PIECE_S", 0.0)  # one step each
    each = trained(net=net, optimizer=optimizer)
    monkeypatch.setattr(Pieces, "of", lambda self, steps: [(0, steps)])
    assert each == trained(net=net, optimizer=optimizer)


def trained(**changes: Any) -> tuple[list[Any], list[bytes]]:
    """Rows, and the state at the end."""
    *before, last = network.run([small_trials.trial(seed, **changes) for seed in (0, 1)], "cpu", None)
    tensors = [t for part in last.state()["engine"].values() for t in part.values()]
    return [row for one in (*before, last) for row in one.rows], [t.numpy().tobytes() for t in tensors]
