"""The choice of a kernel's tile: only what fits a layer is tried, every candidate gives the same, the fastest is taken.

On a machine without a GPU the kernels run in Triton's interpreter, and the times are made up.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed")

from workers.engines.gpu.convolutions import triton as way
from workers.engines.gpu.kernels import convolution
from workers.engines.gpu.kernels.tuning import columns_for, fits, tuned

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize(("channels", "columns"), [(1, (16,)), (16, (16,)), (17, (32,)), (64, (64,)), (65, (64, 128))])
def test_tiles_are_as_wide_as_the_channels(channels: int, columns: tuple[int, ...]) -> None:
    assert columns_for(channels) == columns


def drawn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def gradients(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> list[torch.Tensor]:
    y = way.forward(x, weight, bias, True)
    return [y, *(part for part in way.backward(x, weight, y, True, True) if part is not None)]


@pytest.mark.parametrize("channels", [5, 65], ids=["narrow", "wide"])
def test_every_candidate_computes_the_same_and_the_fastest_is_taken(
    channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, weight, bias = (
        drawn(1, 2, 5, 4, 3, seed=0).relu(),
        drawn(1, channels, 3, 3, 3, seed=1),
        drawn(1, channels, seed=2),
    )
    right, launched = gradients(x, weight, bias), []
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))  # not the times that a GPU has just measured

    def timer(launch: Callable[[], None], quantiles: Sequence[float]) -> list[float]:
        launch()
        launched.append(launch)
        return [1.0 / len(launched)] * len(quantiles)  # every candidate seems faster than the one before

    kernels: dict[str, Any] = {
        "forward_kernel": tuned(convolution.forward, "ROWS", "O", way.TILES, way.KEY, timer),
        "by_data_kernel": tuned(convolution.by_data, "ROWS", "I", way.TILES, way.KEY, timer),
        "by_weights_kernel": tuned(convolution.by_weights, "INNER", "O", way.WEIGHT_TILES, way.KEY, timer),
    }
    for name, kernel in kernels.items():
        monkeypatch.setattr(way, name, kernel)
    for mine, theirs in zip(gradients(x, weight, bias), right, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    shapes = [(way.TILES, channels), (way.TILES, 3), (way.WEIGHT_TILES, channels)]
    tried = sum(fits(c, columns) for tiles, width in shapes for c in tiles for columns in columns_for(width))
    assert len(launched) == tried > 10
    columns = columns_for(channels)[-1]
    last, chosen = [c for c in way.TILES if fits(c, columns)][-1], kernels["forward_kernel"].best_config
    assert (chosen.kwargs, chosen.num_warps) == ({"ROWS": last.rows, "COLUMNS": columns}, last.warps)
    gradients(x, weight, bias)
    assert len(launched) == tried, "measured once a shape"
