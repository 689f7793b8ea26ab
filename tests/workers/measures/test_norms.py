"""Measures of the weights, each against a dense matrix, a sum over paths, or a formula."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.support.networks.snapshots import TINY, made, measured, noise, one
from workers.interfaces.snapshot import Snapshot

LAYERS = ("conv1", "conv2", "output")
SIDES = {"conv1": 8, "conv2": 4}  # of the images that a convolution meets


def dense(weight: torch.Tensor, side: int, stride: int = 2) -> torch.Tensor:
    """The matrix of a convolution with padding 1, column after column."""
    inputs = weight.shape[1] * side**2
    units = torch.eye(inputs, dtype=weight.dtype).view(inputs, weight.shape[1], side, side)
    return F.conv2d(units, weight, stride=stride, padding=1).flatten(1).T


def matrices(snapshot: Snapshot, model: int) -> dict[str, torch.Tensor]:
    """Of all layers."""
    p = {layer: snapshot.parameters[f"{layer}.weight"][model] for layer in LAYERS}
    return {layer: dense(w, SIDES[layer]) if layer in SIDES else w for layer, w in p.items()}


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return made(2, noise(0.3), net={**TINY, "width": [3, 5]})


def test_the_spectral_norm_is_that_of_the_convolution_as_a_matrix(snapshot: Snapshot) -> None:
    found = measured("spectral_norm", snapshot)
    for model in range(2):
        expected = {layer: np.linalg.norm(m.numpy(), 2) for layer, m in matrices(snapshot, model).items()}
        assert {layer: values[model] for (_, layer), values in found.items()} == pytest.approx(expected, rel=1e-6)
        assert one("spectral_norm_product", snapshot, model) == pytest.approx(np.log([*expected.values()]).sum())
        reshaped = np.linalg.norm(snapshot.parameters["conv2.weight"][model].flatten(1).numpy(), 2)
        assert abs(reshaped - expected["conv2"]) > 0.01 * expected["conv2"], "the two norms would not be told apart"


def test_the_spectral_norm_of_a_module_is_found_by_its_forward_pass() -> None:
    """Stride 1 here, and layers that are called after their places in the module."""
    snapshot = made(1, net={"name": "pooled", "width": 2}, data={"name": "digits", "train_size": 20, "test_size": 10})
    found = measured("spectral_norm", snapshot)
    for layer, side in {"conv1": 8, "conv2": 8}.items():
        weight = snapshot.parameters[f"{layer}.weight"][0]
        assert found["", layer][0] == pytest.approx(np.linalg.norm(dense(weight, side, 1).numpy(), 2), rel=1e-6)


def test_ranks_are_those_of_the_singular_values(snapshot: Snapshot) -> None:
    for layer in LAYERS:
        for model in range(2):
            weight = snapshot.parameters[f"{layer}.weight"][model].flatten(1).numpy()
            s = np.linalg.svd(weight, compute_uv=False)
            stable = np.linalg.norm(weight) ** 2 / np.linalg.norm(weight, 2) ** 2
            assert measured("stable_rank", snapshot)["", layer][model] == pytest.approx(stable)
            effective = np.exp(-(s / s.sum() * np.log(s / s.sum())).sum())
            assert measured("effective_rank", snapshot)["", layer][model] == pytest.approx(effective)


def test_a_matrix_of_equal_singular_values_has_full_rank() -> None:
    """And one of a single one has rank 1."""

    def orthogonal(name: str, value: torch.Tensor) -> None:
        if name == "output.weight":
            value[0] = torch.eye(*value.shape[1:])
            value[1] = 0.0
            value[1, 3, 5] = 2.0

    found = measured("effective_rank", made(2, orthogonal))["", "output"]
    assert found == pytest.approx([8.0, 1.0])


def test_the_distance_from_init_is_that_of_what_was_added() -> None:
    snapshot = made(2, lambda name, value: value.add_(0.25))
    counts = {"conv1": 20, "conv2": 38, "output": 90, "": 148}
    for layer, count in counts.items():
        assert measured("distance_from_init", snapshot)["", layer] == pytest.approx([0.25 * count**0.5] * 2)
    assert one("distance_from_init", made(1)) == 0.0


def test_the_l1_norm_is_the_sum_of_absolute_values(snapshot: Snapshot) -> None:
    expected = sum(float(np.abs(value[1].numpy()).sum()) for value in snapshot.parameters.values())
    assert one("l1_norm", snapshot, 1) == pytest.approx(expected)


@pytest.mark.parametrize("net", [{"bias": "none"}, {"bias": "all"}, {"batch_norm": True}], ids=str)
def test_the_path_norm_is_the_sum_over_all_paths(net: dict[str, Any]) -> None:
    """By products of squared dense matrices, batch norm written out as one more factor and a bias."""
    snapshot = made(2, noise(0.3), net={**TINY, "width": 3, **net})
    for model in range(2):
        sums = torch.ones(64, dtype=torch.float64)
        for layer, matrix in matrices(snapshot, model).items():
            sums = matrix.square() @ sums
            channels = snapshot.parameters.get(f"{layer}.bias")
            if channels is not None:
                sums = sums + channels[model].square().repeat_interleave(len(sums) // channels.shape[1])
            if f"{layer}.var" in snapshot.buffers:
                mean, var = (snapshot.buffers[f"{layer}.{what}"][model] for what in ("mean", "var"))
                each = len(sums) // len(mean)
                scale, shift = 1 / (var + 1e-5).sqrt(), mean / (var + 1e-5).sqrt()
                sums = sums * scale.square().repeat_interleave(each) + shift.square().repeat_interleave(each)
        assert one("path_norm", snapshot, model) == pytest.approx(float(sums.sum().sqrt()))


def test_the_spectral_complexity_is_that_of_the_dense_matrices(snapshot: Snapshot) -> None:
    """Bartlett et al. 2017, equation 1.2, written out once more."""
    initial = {name: value.clone() for name, value in snapshot.initial.items()}
    for model in range(2):
        product, total = 1.0, 0.0
        for layer, matrix in matrices(snapshot, model).items():
            first = initial[f"{layer}.weight"][model]
            moved = matrix - (dense(first, SIDES[layer]) if layer in SIDES else first)
            norm = float(torch.linalg.svdvals(matrix)[0])
            product *= norm
            total += (float(moved.square().sum(1).sqrt().sum()) / norm) ** (2 / 3)
        assert one("spectral_complexity", snapshot, model) == pytest.approx(product * total**1.5, rel=1e-6)


def test_the_spectral_complexity_is_0_before_training() -> None:
    assert one("spectral_complexity", made(1)) == 0.0
