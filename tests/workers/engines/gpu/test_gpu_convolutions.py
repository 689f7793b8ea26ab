"""Every way to compute convolutions, against one model at a time in float64 with PyTorch's own derivative.

On a machine without a GPU the Triton kernels run in Triton's interpreter: the same source, one program after the other.
"""

import importlib.util
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from workers.engines.gpu.choose_convolution import ROUTES
from workers.engines.gpu.stacked_parameters import Weights
from workers.runtime.device import prepare

SHAPES = {  # M, B, (H, W), I, O
    "grey": (2, 3, (8, 8), 1, 6),
    "colour": (2, 2, (8, 8), 3, 16),
    "odd": (2, 2, (7, 5), 5, 5),
    "wide": (1, 2, (2, 2), 70, 33),
    "one-pixel": (2, 2, (1, 1), 4, 3),
    "no-remainder": (1, 2, (4, 4), 16, 32),
}
PRECISIONS = [("float32", 0, 1e-6), ("tf32", 1e-5, 1e-2), ("tf32x3", 0, 5e-6)]  # relative error: at least, at most


@pytest.fixture(params=ROUTES.names(), scope="module")
def way(request: pytest.FixtureRequest) -> Any:
    if request.param == "triton" and importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed")
    prepare(device(), "float32")
    return ROUTES.load(request.param)


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def drawn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(device())


def alone(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """One model: x (B, H, W, I), after the ReLU before it, -> sums (B, P, Q, O)."""
    bias = None if bias is None else bias.double()
    return F.conv2d(x.relu().permute(0, 3, 1, 2), weight, bias, stride=2, padding=1).permute(0, 2, 3, 1)


@pytest.mark.parametrize("with_bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_forward_and_backward_are_those_of_each_model_alone(way: Any, shape: tuple, with_bias: bool) -> None:
    m, b, size, i, o = shape
    x, weight = drawn(m, b, *size, i, seed=0).relu(), drawn(m, o, i, 3, 3, seed=1)
    bias = drawn(m, o, seed=2) if with_bias else None
    y = way.forward(x, weight, bias, True)
    slope = drawn(*y.shape, seed=3)
    of_x, of_weight, of_bias = way.backward(x, weight, slope, True, with_bias)
    assert (of_bias is not None) == with_bias
    for k in range(m):
        xk, wk = x[k].double().requires_grad_(), weight[k].double().requires_grad_()
        sums = alone(xk, wk, None if bias is None else bias[k])
        expected = torch.autograd.grad(sums, (xk, wk), slope[k].double())
        found = [y[k], of_x[k], of_weight[k], *([of_bias[k]] if with_bias else [])]
        right_bias = [slope[k].double().sum((0, 1, 2))] if with_bias else []
        for mine, right in zip(found, [sums.relu(), *expected, *right_bias], strict=True):
            torch.testing.assert_close(mine.double(), right, rtol=1e-5, atol=1e-5)


def test_models_may_share_their_images_and_need_no_gradient_by_them(way: Any) -> None:
    x, weight = drawn(2, 8, 8, 3, seed=0), drawn(3, 4, 3, 3, 3, seed=1)
    shared, copied = x.expand(3, *x.shape), x.expand(3, *x.shape).clone()
    y = way.forward(shared, weight, None, False)
    assert (y < 0).any(), "without ReLU sums keep their sign"
    torch.testing.assert_close(y, way.forward(copied, weight, None, False), rtol=0, atol=0)
    none, of_weight, _ = way.backward(shared, weight, y, False, False)
    assert none is None
    torch.testing.assert_close(of_weight, way.backward(copied, weight, y, False, False)[1], rtol=0, atol=0)


def test_many_rows_are_summed_in_slabs(way: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(way, "SLAB_ROWS"):
        monkeypatch.setattr(way, "SLAB_ROWS", 40)
    x, slope = drawn(1, 9, 8, 8, 2, seed=0), drawn(1, 9, 4, 4, 3, seed=1)
    _, of_weight, of_bias = way.backward(x, drawn(1, 3, 2, 3, 3, seed=2), slope, False, True)
    images, slopes = (t[0].permute(0, 3, 1, 2).double() for t in (x, slope))
    right = torch.nn.grad.conv2d_weight(images, (3, 2, 3, 3), slopes, stride=2, padding=1)
    torch.testing.assert_close(of_weight[0].double(), right, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(of_bias, slope.sum((1, 2, 3)), rtol=1e-5, atol=1e-5)


def test_weights_as_the_engine_stores_them_are_read_where_they_are(way: Any) -> None:
    """Of a matrix with a row a model, each row with other parameters before and after."""
    weight, bias = drawn(2, 5, 16, 3, 3, seed=1), drawn(2, 5, seed=2)
    stored = Weights(
        {"before": drawn(2, 3, seed=4), "w": weight, "b": bias, "c": bias}, {}, (), device(), torch.float32
    )
    x = drawn(2, 2, 5, 5, 16, seed=0).relu()
    views, usual = (stored.parameters["w"], stored.parameters["b"]), (weight, bias)
    y, right = (way.forward(x, w, b, True) for w, b in (views, usual))
    assert torch.equal(views[0], weight) and torch.equal(y, right)
    back, right_back = (way.backward(x, w, y, True, True) for w in (views[0], weight))
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(back, right_back, strict=True))
    if way is ROUTES.load("triton"):
        assert views[0].data_ptr() % 16 == 0 and way.stored(views[0]).data_ptr() == views[0].data_ptr()


def test_places_beyond_32_bits_are_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of maps that are too large for any test: the kernels that count in 64 bits, on small maps."""
    pytest.importorskip("triton", reason="triton is not installed")
    way = ROUTES.load("triton")
    x, weight = drawn(2, 2, 5, 4, 5, seed=0).relu(), drawn(2, 3, 5, 3, 3, seed=1)

    def computed() -> list[torch.Tensor]:
        y = way.forward(x, weight, None, False)
        found = way.normalise(y.clone())
        back = way.normalise_backward(y.clone(), found.normal, found.inverse)
        return [y, *found, back, *way.backward(x, weight, y, True, True)]

    short = computed()
    monkeypatch.setattr("workers.engines.gpu.kernels.places.MOST", 1)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(computed(), short, strict=True))


def test_a_model_that_is_not_a_number_stays_one_and_leaves_its_neighbour_alone(way: Any) -> None:
    x, weight = drawn(2, 2, 4, 4, 16, seed=0).relu(), drawn(2, 16, 16, 3, 3, seed=1)
    sick = weight.clone()
    sick[1] = torch.nan
    y, sick_y = way.forward(x, weight, None, True), way.forward(x, sick, None, True)
    assert torch.equal(y[0], sick_y[0]) and sick_y[1].isnan().all()
    back, sick_back = way.backward(x, weight, y, True, True), way.backward(x, sick, sick_y, True, True)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(back, sick_back, strict=True))
    assert sick_back[1][1].isnan().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="Triton's interpreter does not round")
@pytest.mark.parametrize(("precision", "least", "most"), PRECISIONS)
def test_the_precision_of_products_is_the_one_asked_for(precision: str, least: float, most: float) -> None:
    way = ROUTES.load("triton")
    x, weight = drawn(1, 8, 8, 8, 64, seed=0).relu(), drawn(1, 64, 64, 3, 3, seed=1)
    prepare(device(), precision)
    try:
        y = way.forward(x, weight, None, False)
    finally:
        prepare(device(), "float32")
    right = alone(x[0].double(), weight[0].double(), None)
    error = float((y[0].double() - right).norm() / right.norm())
    assert least < error < most
