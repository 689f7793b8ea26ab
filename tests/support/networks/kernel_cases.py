"""Networks and small tasks for the compiled kernels, and the same in PyTorch as anybody would write it, in float64."""

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
from workers.engines.cpu.supported import Net

built = pytest.mark.skipif(library.available() is None, reason=library.reason())
variants = pytest.mark.parametrize(
    "variant",
    [pytest.param(name, marks=pytest.mark.skipif(name not in library.usable(), reason=f"{name} cannot be used here"))
     for name in library.VARIANTS],
)  # fmt: skip
EXAMPLES = 45

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
    "polynomial": (Net((9, 6, 3), (5, 18), 10, batch_norm=True, polynomial=(0.3, 0.4, -0.02)), "output"),
    "one channel": (Net((16, 16, 3), (1, 1, 1), 2), "all"),
    "wide": (Net((8, 8, 3), (96, 130), 10), "all"),
    "wide, batch norm": (Net((4, 6, 3), (132, 130), 10, batch_norm=True), "none"),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


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
        layers += [Polynomial(net.polynomial) if net.polynomial else nn.ReLU()]
    features = every["output.weight"].shape[1]
    linear = nn.Linear(features, net.classes, bias="output.bias" in every, dtype=torch.float64)
    return nn.Sequential(*layers, nn.Flatten(), fill(linear, every, "output"))


class Polynomial(nn.Module):
    """z/2 + (c_0 + c_2 z^2 + ...)/2."""

    def __init__(self, coefficients: tuple[float, ...]) -> None:
        super().__init__()
        self.coefficients = coefficients

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z + sum(c * z ** (2 * k) for k, c in enumerate(self.coefficients))) / 2


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
                self.each_step(chosen, batch), self.updates(chosen), active or [True] * len(chosen),
            )  # fmt: skip

    def each_step(self, chosen: list[int], batch: int) -> NDArray[np.float64]:
        """The rates of every step."""
        return np.tile(self.rates[chosen, None], -(-EXAMPLES // batch))

    def updates(self, chosen: list[int]) -> list[library.Update]:
        return [library.Update(momentum=self.momenta[m]) for m in chosen]

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
