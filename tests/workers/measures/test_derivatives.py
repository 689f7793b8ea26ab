"""Measures that differentiate, each against the same quantity in plain PyTorch: dense Hessian, gradients one by one."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.support.networks.snapshots import TINY, made, noise, one, plain, tiny
from workers.interfaces.snapshot import Snapshot
from workers.measures import box_sharpness, trace

DATA = {"name": "digits", "train_size": 220, "test_size": 20}


def hessian(snapshot: Snapshot, model: int) -> torch.Tensor:
    """The dense Hessian of the training risk."""
    p, x, y = plain(snapshot, model)
    sizes, shapes = [v.numel() for v in p.values()], [v.shape for v in p.values()]

    def risk(flat: torch.Tensor) -> torch.Tensor:
        parts = [part.view(shape) for part, shape in zip(flat.split(sizes), shapes, strict=True)]
        return F.cross_entropy(tiny(dict(zip(p, parts, strict=True)), x), y)

    found = torch.autograd.functional.hessian(risk, torch.cat([v.flatten() for v in p.values()]), vectorize=True)
    assert isinstance(found, torch.Tensor)
    return found


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return made(2, noise(0.3), data=DATA)


@pytest.fixture(scope="module")
def dense(snapshot: Snapshot) -> list[torch.Tensor]:
    return [hessian(snapshot, model) for model in range(2)]


def test_sharpness_is_the_largest_eigenvalue_of_the_dense_hessian(
    snapshot: Snapshot, dense: list[torch.Tensor]
) -> None:
    for model in range(2):
        expected = float(torch.linalg.eigvalsh(dense[model])[-1])
        assert one("sharpness", snapshot, model) == pytest.approx(expected, rel=1e-4)


def test_the_trace_is_near_that_of_the_dense_hessian(snapshot: Snapshot, dense: list[torch.Tensor]) -> None:
    """Within 4 standard errors: the variance of v . H v is twice the sum of the squares off the diagonal."""
    for model in range(2):
        off = dense[model] - dense[model].diag().diag()
        error = float((2 * off.square().sum() / trace.VECTORS).sqrt())
        assert abs(one("trace", snapshot, model) - float(dense[model].trace())) < 4 * error
        assert error < abs(float(dense[model].trace()))


def test_the_trace_is_exact_where_there_are_as_many_vectors_as_parameters(
    snapshot: Snapshot, dense: list[torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "VECTORS", 1000)
    assert one("trace", snapshot) == pytest.approx(float(dense[0].trace()), rel=1e-9)


def gradients(snapshot: Snapshot, model: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights, and the gradient of each example's loss."""
    p, x, y = plain(snapshot, model)
    leaves = [v.requires_grad_() for v in p.values()]
    each = [torch.autograd.grad(F.cross_entropy(tiny(p, x[i : i + 1]), y[i : i + 1]), leaves) for i in range(len(y))]
    return torch.cat([v.detach().flatten() for v in leaves]), torch.stack([torch.cat([g.flatten() for g in one])
                                                                           for one in each])  # fmt: skip


def test_fisher_rao_gradient_norm_and_noise_are_those_of_single_examples(snapshot: Snapshot) -> None:
    for model in range(2):
        weights, each = gradients(snapshot, model)
        assert one("fisher_rao", snapshot, model) == pytest.approx(float((each @ weights).square().mean().sqrt()))
        assert one("gradient_norm", snapshot, model) == pytest.approx(float(each.mean(0).norm()))
        batches = np.stack([each[:100].mean(0).numpy(), each[100:200].mean(0).numpy()])
        assert one("gradient_noise", snapshot, model) == pytest.approx(batches.var(0, ddof=1).sum())


def test_gradient_noise_of_fewer_than_two_batches_is_no_number() -> None:
    assert np.isnan(one("gradient_noise", made(1, data={**DATA, "train_size": 199})))


def test_fisher_rao_of_a_homogeneous_network_follows_from_its_outputs() -> None:
    """Liang et al. 2019, Theorem 3.1, for three layers without biases."""
    snapshot = made(1, noise(0.3), net={**TINY, "bias": "none"}, data=DATA)
    p, x, y = plain(snapshot, 0)
    outputs = tiny(p, x).detach().requires_grad_()
    (by_output,) = torch.autograd.grad(F.cross_entropy(outputs, y, reduction="sum"), outputs)
    expected = 3 * (outputs.detach() * by_output).sum(1).square().mean().sqrt()
    assert one("fisher_rao", snapshot) == pytest.approx(float(expected))


def highest_in_the_box(snapshot: Snapshot, model: int) -> float:
    """Box sharpness, found by going to the corner that the gradient points to, until it points to where we are."""
    p, x, y = plain(snapshot, model)
    half = {name: box_sharpness.EPSILON * (value.abs() + 1) for name, value in p.items()}
    at, risks = p, []
    for _ in range(8):
        leaves = {name: value.clone().requires_grad_() for name, value in at.items()}
        risk = F.cross_entropy(tiny(leaves, x), y)
        slopes = dict(zip(leaves, torch.autograd.grad(risk, [*leaves.values()]), strict=True))
        at = {name: value + half[name] * slopes[name].sign() for name, value in p.items()}
        risks.append(float(risk.detach()))
    assert risks[-1] == pytest.approx(risks[-2], rel=1e-9), "the corner was not found"
    return 100 * (risks[-1] - risks[0]) / (1 + risks[0])


def test_box_sharpness_is_the_rise_to_the_highest_point_of_the_box(snapshot: Snapshot) -> None:
    for model in range(2):
        assert one("box_sharpness", snapshot, model) == pytest.approx(highest_in_the_box(snapshot, model), rel=1e-3)


def test_box_sharpness_of_a_trained_network() -> None:
    """Its gradient is small, as where the measure is meant to be taken."""
    trained = made(1, epochs=60, data=DATA)
    assert one("gradient_norm", trained) < 0.5
    assert one("box_sharpness", trained) == pytest.approx(highest_in_the_box(trained, 0), rel=1e-3)
