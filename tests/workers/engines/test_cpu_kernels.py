"""The compiled kernels against plain PyTorch in float64, and their promise: a model does not depend on its company."""

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from workers.engines.cpu import library
from workers.engines.cpu.bindings import Fused
from workers.engines.cpu.supported import Net, supports

built = pytest.mark.skipif(library.available() is None, reason=library.reason())
EXAMPLES = 45
ROUNDING = 2e-7  # of a float32 number, a few times

CASES = {
    "memo": (Net((32, 32, 3), (16, 16, 16, 16), 10), "all"),
    "memo, batch norm": (Net((32, 32, 3), (16, 16, 16, 16, 16), 10, batch_norm=True), "output"),
    "digits": (Net((8, 8, 1), (8, 8, 8, 8, 8), 10), "first"),
    "digits, batch norm, biases all the same": (Net((8, 8, 1), (5, 6, 7), 10, batch_norm=True), "all"),
    "odd sizes and widths": (Net((7, 5, 2), (3, 17, 33), 4), "all"),
    "odd sizes, batch norm": (Net((9, 13, 3), (2, 20, 1), 7, batch_norm=True), "none"),
    "many classes, square": (Net((8, 8, 3), (18, 48), 37, "square"), "none"),
    "exponential": (Net((6, 10, 1), (16, 31, 4), 3, "exponential"), "first"),
    "square, batch norm": (Net((5, 5, 3), (50,), 10, "square", True), "output"),
    "one channel": (Net((16, 16, 3), (1, 1, 1), 2), "all"),
    "wide": (Net((8, 8, 3), (96, 130), 10), "all"),
}


@pytest.fixture(params=library.VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    if request.param not in library.usable():
        pytest.skip(f"{request.param} is not built, or this processor cannot run it")
    return str(request.param)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Net, str]:
    return CASES[request.param]


def wanted(name: str, net: Net, bias: str) -> bool:
    """Which parameters a model with these biases has."""
    if name.endswith(("mean", "var")):
        return False
    return (
        not name.endswith("bias")
        or bias == "all"
        or (bias, name) in {("first", "conv1.bias"), ("output", "output.bias")}
    )


def initial(net: Net, bias: str, models: int) -> dict[str, dict[str, torch.Tensor]]:
    rng = torch.Generator().manual_seed(1)
    parameters, buffers = {}, {}
    for name, shape in net.shapes().items():
        if wanted(name, net, bias):
            scale = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
            parameters[name] = torch.randn(models, *shape, generator=rng) * float(scale)
        elif net.batch_norm and name.endswith("mean"):
            buffers[name] = torch.randn(models, *shape, generator=rng) * 0.1
        elif net.batch_norm and name.endswith("var"):
            buffers[name] = torch.rand(models, *shape, generator=rng) + 0.5
    return {"parameters": parameters, "buffers": buffers}


def plain(net: Net, state: dict[str, dict[str, torch.Tensor]], m: int) -> nn.Sequential:
    """Model m as anybody would write it, in float64."""
    every = {name: value[m].double() for part in state.values() for name, value in part.items()}
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(zip((net.image[2], *net.widths), net.widths, strict=False), start=1):
        conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=f"conv{i}.bias" in every, dtype=torch.float64)
        layers += [fill(conv, every, f"conv{i}")]
        if net.batch_norm:
            norm = nn.BatchNorm2d(outputs, affine=False, dtype=torch.float64)
            norm.running_mean, norm.running_var = every[f"conv{i}.mean"].clone(), every[f"conv{i}.var"].clone()
            layers += [norm]
        layers += [nn.ReLU()]
    features = every["output.weight"].shape[1]
    linear = nn.Linear(features, net.classes, bias="output.bias" in every, dtype=torch.float64)
    return nn.Sequential(*layers, nn.Flatten(), fill(linear, every, "output"))


def fill(module: Any, every: dict[str, torch.Tensor], layer: str) -> Any:
    module.weight.data = every[f"{layer}.weight"].clone()
    if module.bias is not None:
        module.bias.data = every[f"{layer}.bias"].clone()
    return module


def named(net: Net, model: nn.Sequential, gradients: bool = False) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of `plain`, or its gradients, by our names."""
    names = iter([*(f"conv{i + 1}" for i in range(len(net.widths))), "output"])
    for module in model:
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            layer = next(names)
            for name, value in module.named_parameters():
                yield f"{layer}.{name}", value.grad if gradients else value.detach()
        elif isinstance(module, nn.BatchNorm2d) and not gradients:
            assert module.running_mean is not None and module.running_var is not None
            yield from ((f"{layer}.mean", module.running_mean), (f"{layer}.var", module.running_var))


def risk(loss: str, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    if loss == "cross_entropy":
        return F.cross_entropy(outputs, labels)
    if loss == "square":
        return F.mse_loss(outputs, F.one_hot(labels, outputs.shape[1]).double(), reduction="sum") / len(labels)
    margins = outputs.gather(1, labels[:, None]) - outputs
    return (torch.exp(-margins).sum(1) - 1).mean()


def pixels(images: NDArray[Any]) -> torch.Tensor:
    return (torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255 - 0.5) / 0.5


class Work:
    """A small task for M models: images, each model's examples with its own labels, and its own order."""

    def __init__(self, net: Net, models: int, epochs: int = 1) -> None:
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (70, *net.image), dtype=np.uint8)
        self.index = np.stack([rng.permutation(70)[:EXAMPLES] for _ in range(models)])
        self.labels = rng.integers(0, net.classes, (models, EXAMPLES))
        self.orders = [np.stack([rng.permutation(EXAMPLES) for _ in range(models)]) for _ in range(epochs)]
        self.rates, self.momenta = np.linspace(0.01, 0.02, models), np.linspace(0.0, 0.9, models)

    def train(self, fused: Fused, chosen: list[int], batch: int = 20, active: list[bool] | None = None) -> None:
        """All epochs for the models `chosen` of this work, which are the models of `fused`, in order."""
        for order in self.orders:
            fused.epoch(
                self.images, self.index[chosen], self.labels[chosen], order[chosen], batch,
                self.rates[chosen], self.momenta[chosen], active or [True] * len(chosen),
            )  # fmt: skip

    def train_plain(self, net: Net, model: nn.Sequential, m: int, batch: int = 20) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=self.rates[m], momentum=self.momenta[m])
        for order in self.orders:
            for first in range(0, EXAMPLES, batch):
                chosen = order[m, first : first + batch]
                optimizer.zero_grad()
                outputs = model(pixels(self.images[self.index[m, chosen]]))
                risk(net.loss, outputs, torch.from_numpy(self.labels[m, chosen])).backward()
                optimizer.step()


def everything(fused: Fused, m: int) -> dict[str, torch.Tensor]:
    return {f"{part} {name}": t[m] for part, tensors in fused.state().items() for name, t in tensors.items()}


def assert_same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name].view(torch.int32), b[name].view(torch.int32)), name


def one_by_one(net: Net, bias: str, m: int, models: int) -> Fused:
    """Model m of `models`, alone."""
    state = initial(net, bias, models)
    return Fused(net, {part: {k: t[m : m + 1] for k, t in tensors.items()} for part, tensors in state.items()})


def test_kernels_are_there_if_a_compiler_is() -> None:
    compiler = next(filter(shutil.which, ("c++", "g++", "clang++")), None)
    if compiler is None:
        pytest.skip("no C++ compiler here")
    assert library.available() is not None, f"{compiler} is here, but: {library.reason()}"


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
        assert (fused.momentum[name][0].double() - gradient).norm() <= 1e-5 * scale, name


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
        [1.0], [0.0], [True],
    )  # fmt: skip
    assert fused.momentum["output.bias"][0].numpy() == pytest.approx([-np.exp(-25), np.exp(-25)], rel=1e-6)


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


@built
@pytest.mark.parametrize("threads", [1, 2])
def test_a_model_does_not_depend_on_its_company(case: tuple[Net, str], threads: int) -> None:
    net, bias = case
    work = Work(net, 3)
    state = initial(net, bias, 3)
    order = [2, 0, 1]
    moved = {part: {name: t[order] for name, t in tensors.items()} for part, tensors in state.items()}
    together, elsewhere = Fused(net, state, threads=threads), Fused(net, moved, threads=threads)
    work.train(together, [0, 1, 2])
    work.train(elsewhere, order)
    for m in range(3):
        alone = one_by_one(net, bias, m, 3)
        work.train(alone, [m])
        assert_same_bits(everything(together, m), everything(alone, 0))
        assert_same_bits(everything(together, m), everything(elsewhere, order.index(m)))


@built
@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e38])
def test_a_diverging_neighbour_changes_no_bit(poison: float) -> None:
    for name in ("odd sizes and widths", "odd sizes, batch norm"):
        net, bias = CASES[name]
        work, state = Work(net, 3, epochs=2), initial(net, bias, 3)
        healthy = Fused(net, state)
        work.train(healthy, [0, 1, 2])
        state["parameters"]["conv2.weight"][1] = poison
        poisoned = Fused(net, state)
        work.train(poisoned, [0, 1, 2])
        assert not np.isfinite(poisoned.totals(work.images, work.index, work.labels)[1][1])
        for m in (0, 2):
            assert_same_bits(everything(healthy, m), everything(poisoned, m))


@built
def test_a_resumed_model_goes_on_bit_by_bit(case: tuple[Net, str]) -> None:
    net, bias = case
    work = Work(net, 2, epochs=2)
    through, first = (Fused(net, initial(net, bias, 2)) for _ in range(2))
    work.train(through, [0, 1])
    both = work.orders
    work.orders = both[:1]
    work.train(first, [0, 1])
    second = Fused(net, first.state())
    work.orders = both[1:]
    work.train(second, [0, 1])
    for m in range(2):
        assert_same_bits(everything(through, m), everything(second, m))


@built
def test_a_model_that_is_not_active_stays() -> None:
    net, bias = CASES["digits, batch norm, biases all the same"]
    fused, work = Fused(net, initial(net, bias, 2)), Work(net, 2)
    before = [everything(fused, m) for m in range(2)]
    work.train(fused, [0, 1], active=[False, True])
    assert_same_bits(everything(fused, 0), before[0])
    assert not torch.equal(everything(fused, 1)["parameters conv1.weight"], before[1]["parameters conv1.weight"])


@built
def test_what_is_refused() -> None:
    net, bias = CASES["digits"]
    fused, work = Fused(net, initial(net, bias, 1)), Work(net, 1)
    with pytest.raises(ValueError, match="labels must be in"):
        fused.totals(work.images, None, np.full(70, 10))
    with pytest.raises(ValueError, match="index must be in"):
        fused.outputs(work.images, np.full((1, 3), 70))
    with pytest.raises(ValueError, match="images must be"):
        fused.outputs(work.images[:, :7])
    with pytest.raises(ValueError, match="weight must be"):
        Fused(CASES["digits, batch norm, biases all the same"][0], initial(net, bias, 1))
    with pytest.raises(ValueError, match="no kernels for sse9"):
        Fused(net, initial(net, bias, 1), "sse9")
    norm = Net((8, 8, 1), (4, 4, 4), 10, batch_norm=True)
    with pytest.raises(ValueError, match="batch norm needs two values"):
        Work(norm, 1).train(Fused(norm, initial(norm, "none", 1)), [0], batch=EXAMPLES - 1)


@built
def test_supports_says_what_fits() -> None:
    memo = Net((32, 32, 3), (16,) * 5, 10)
    normed = Net((32, 32, 3), (16,) * 5, 10, batch_norm=True)
    assert supports(memo, 50_000) and supports(normed, 100)
    assert not supports(normed, 50_000)  # all activations of a batch at once: 9 GB
    assert not supports(Net((32, 32, 3), (16,), 10, "hinge"), 100)
    assert not supports(Net((2000, 2000, 3), (512, 512), 10), 100)
