"""The compiled kernels against plain PyTorch in float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.networks.kernel_cases import (
    CASES,
    EXAMPLES,
    Work,
    built,
    cases,
    initial,
    named,
    pixels,
    plain,
    risk,
    variants,
)
from workers.engines.cpu import library
from workers.engines.cpu.bindings import Fused
from workers.engines.cpu.supported import Net

ROUNDING = 2e-7  # of a float32 number, a few times


@cases
@variants
@pytest.mark.parametrize("batch", [20, EXAMPLES])
def test_steps_are_those_of_plain_pytorch(case: tuple[Net, str], variant: str, batch: int) -> None:
    net, bias = case
    state, work = initial(net, bias, 2), Work(net, 2)
    fused = Fused(net, state, variant)
    work.train(fused, [0, 1], batch)
    for m in range(2):
        model = plain(net, state, m)
        work.train_plain(net, model, m, batch)
        before = dict(named(net, plain(net, state, m)))
        for name, after in named(net, model):
            ours = (fused.parameters | fused.buffers)[name][m].double()
            moved = (after - before[name]).norm()
            if net.batch_norm and name.startswith("conv") and name.endswith("bias"):
                moved += after.norm()  # the mean takes this bias out again: its gradient is zero
            assert (ours - after).norm() <= 2e-5 * moved + ROUNDING * after.norm(), name


@cases
@variants
def test_in_float64_steps_are_those_of_plain_pytorch_to_rounding(case: tuple[Net, str], variant: str) -> None:
    net, bias = replace(case[0], precision="float64"), case[1]
    state, work = initial(net, bias, 2), Work(net, 2)
    fused = Fused(net, state, variant)
    work.train(fused, [0, 1])
    losses = fused.totals(work.images, work.index, work.labels)[1]
    for m in range(2):
        model = plain(net, state, m)
        work.train_plain(net, model, m)
        for name, after in named(net, model):
            ours = (fused.parameters | fused.buffers)[name][m]
            assert ours.dtype == torch.float64
            torch.testing.assert_close(ours, after, rtol=1e-11, atol=1e-13)
        outputs = model.eval()(pixels(work.images[work.index[m]])).detach()
        torch.testing.assert_close(fused.outputs(work.images, work.index)[m], outputs, rtol=1e-10, atol=1e-11)
        expected = float(risk(net.loss, outputs, torch.from_numpy(work.labels[m])))
        assert losses[m] / EXAMPLES == pytest.approx(expected, rel=1e-10)


@cases
@variants
def test_gradients_are_those_of_plain_pytorch(case: tuple[Net, str], variant: str) -> None:
    """Without momentum, v is the gradient of the last batch."""
    net, bias = case
    state, work = initial(net, bias, 1), Work(net, 1)
    fused, model = Fused(net, state, variant), plain(net, state, 0)
    work.rates[:] = 0
    work.train(fused, [0], EXAMPLES)
    outputs = model(pixels(work.images[work.index[0]]))
    risk(net.loss, outputs, torch.from_numpy(work.labels[0])).backward()
    for name, gradient in named(net, model, gradients=True):
        scale = 1.0 if net.batch_norm and name.startswith("conv") and name.endswith("bias") else gradient.norm()
        assert (fused.kept["momentum"][name][0].double() - gradient).norm() <= 1e-5 * scale, name


@built
@pytest.mark.parametrize("name", ["digits", "digits, batch norm, biases all the same", "many classes, square"])
def test_many_steps_stay_with_plain_pytorch(name: str) -> None:
    net, bias = CASES[name]
    state, work = initial(net, bias, 2), Work(net, 2, epochs=10)
    fused = Fused(net, state)
    work.train(fused, [0, 1])
    for m in range(2):
        model = plain(net, state, m)
        work.train_plain(net, model, m)
        for key, after in named(net, model):
            ours = (fused.parameters | fused.buffers)[key][m].double()
            assert (ours - after).norm() <= 1e-3 * after.norm(), key


@cases
@variants
def test_evaluation_is_that_of_plain_pytorch(case: tuple[Net, str], variant: str) -> None:
    net, bias = case
    state, work = initial(net, bias, 2), Work(net, 2)
    fused = Fused(net, state, variant)
    outputs = fused.outputs(work.images, work.index)
    errors, losses = fused.totals(work.images, work.index, work.labels)
    for m in range(2):
        expected = plain(net, state, m).eval()(pixels(work.images[work.index[m]])).detach()
        assert torch.allclose(outputs[m].double(), expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
        labels = torch.from_numpy(work.labels[m])
        assert errors[m] == int((outputs[m].argmax(1) != labels).sum())
        assert losses[m] == pytest.approx(EXAMPLES * float(risk(net.loss, outputs[m].double(), labels)), rel=1e-12)


@built
def test_shared_examples_and_float_images_give_the_same() -> None:
    net, bias = CASES["digits"]
    fused, work = Fused(net, initial(net, bias, 2)), Work(net, 2)
    as_floats = (work.images / 127.5 - 1).astype(np.float32)
    assert torch.allclose(fused.outputs(work.images), fused.outputs(as_floats), rtol=1e-5, atol=1e-6)
    labels = np.arange(70) % 10
    once = fused.totals(work.images, None, labels)
    again = fused.totals(work.images, np.tile(np.arange(70), (2, 1)), np.stack([labels, labels]))
    assert np.array_equal(once[0], again[0]) and np.array_equal(once[1], again[1])


@built
def test_cross_entropy_of_confident_outputs_is_not_zero() -> None:
    """In float32 the usual formula is exactly 0 once the logit gap reaches 17."""
    net = Net((2, 2, 1), (1,), 2)
    weight = {"conv1.weight": torch.zeros(1, 1, 1, 3, 3), "output.weight": torch.zeros(1, 2, 1)}
    fused = Fused(net, {"parameters": weight | {"output.bias": torch.tensor([[25.0, 0.0]])}})
    errors, losses = fused.totals(np.zeros((1, 2, 2, 1), np.uint8), None, np.array([0]))
    assert errors[0] == 0 and losses[0] == pytest.approx(np.exp(-25), rel=1e-9)
    fused.epoch(
        np.zeros((1, 2, 2, 1), np.uint8), np.zeros((1, 1), int), np.zeros((1, 1), int), np.zeros((1, 1), int), 1,
        np.ones((1, 1)), [library.Update()], [True],
    )  # fmt: skip
    assert fused.kept["momentum"]["output.bias"][0].numpy() == pytest.approx([-np.exp(-25), np.exp(-25)], rel=1e-6)


@built
def test_a_tie_or_a_nan_is_an_error() -> None:
    net = Net((2, 2, 1), (1,), 2)
    weights = {"conv1.weight": torch.zeros(2, 1, 1, 3, 3), "output.weight": torch.zeros(2, 2, 1)}
    weights["conv1.weight"][1] = torch.nan
    errors, losses = Fused(net, {"parameters": weights}).totals(
        np.zeros((3, 2, 2, 1), np.uint8), None, np.zeros(3, int)
    )
    assert errors.tolist() == [3, 3]
    assert losses[0] == pytest.approx(3 * np.log(2)) and np.isnan(losses[1])
