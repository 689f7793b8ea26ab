"""Both ways to compute batch norm, against one model at a time in float64 with PyTorch's own derivative.

On a machine without a GPU the Triton kernels run in Triton's interpreter.
"""

import importlib.util
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from workers.engines.gpu.choose_convolution import ROUTES
from workers.nets.convnet import EPSILON

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SHAPES = {"one": (1, 2, 1, 1, 1), "odd": (2, 3, 3, 5, 5), "slabs": (2, 3, 8, 8, 17), "wide": (1, 2, 2, 2, 70)}


@pytest.fixture(params=["unfolded", "triton"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "triton":
        if importlib.util.find_spec("triton") is None:
            pytest.skip("triton is not installed")
        monkeypatch.setattr("workers.engines.gpu.batch_norm.triton.SLAB_ROWS", 64)
    return ROUTES.load(request.param)


def drawn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


@pytest.mark.parametrize("shift", [0.0, 30.0], ids=["centred", "shifted"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_forward_and_backward_are_those_of_each_model_alone(way: Any, shape: tuple[int, ...], shift: float) -> None:
    """shift: of the mean by so many standard deviations, which costs digits where squares are summed as they are."""
    sums, g = drawn(*shape, seed=0) + shift, drawn(*shape, seed=1)
    found = way.normalise(sums.clone())
    slope = way.normalise_backward(g.clone(), found.normal.clone(), found.inverse)
    tolerance = {"rtol": 1e-5, "atol": 1e-5 * (1 + shift)}
    for k in range(shape[0]):
        leaf = sums[k].double().requires_grad_()
        normal = F.batch_norm(leaf.flatten(0, 2), None, None, training=True, eps=EPSILON).view(shape[1:])
        (expected,) = torch.autograd.grad(normal, leaf, g[k].double())
        var, mean = torch.var_mean(leaf, (0, 1, 2), correction=0)
        right = (normal.relu(), normal, mean, var, (var + EPSILON).rsqrt(), expected)
        for mine, theirs in zip((*(part[k] for part in found), slope[k]), right, strict=True):
            torch.testing.assert_close(mine.double(), theirs, **tolerance)


def test_a_model_that_is_not_a_number_stays_one_and_leaves_its_neighbour_alone(way: Any) -> None:
    sums = drawn(2, 2, 3, 3, 5, seed=0)
    sick = sums.clone()
    sick[1] = torch.nan
    well, found = way.normalise(sums.clone()), way.normalise(sick)
    assert all(torch.equal(a[0], b[0]) and b[1].isnan().all() for a, b in zip(well, found, strict=True))
    back, sick_back = (way.normalise_backward(sums.clone(), each.normal, each.inverse) for each in (well, found))
    assert torch.equal(back[0], sick_back[0]) and sick_back[1].isnan().all()
