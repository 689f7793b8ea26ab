"""Checks a net before anything trains: what it returns, and that its training is reproducible and independent.

Raises BadPlugin with path, line, what was found and what to do. Takes about thirty visits of an image.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from tracking.common.text import count_of
from workers.engines.device_data import Resident
from workers.engines.modules import Modules
from workers.plugins import NETS
from workers.runtime import seeds
from workers.training.examples.selection import Examples
from workers.training.located import located
from workers.training.networks.module import built, refused

if TYPE_CHECKING:
    from workers.interfaces.images import Images
    from workers.interfaces.net import NetSettings
    from workers.interfaces.networks.engine import State
    from workers.training.settings import Settings

EXAMPLES = 4  # of the trainings that are compared
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def check_net(settings: Settings, images: Images) -> None:
    """Checks the net of these settings on the first of these images. Raises BadPlugin."""
    net, module = settings.net, built(settings.net, images.train_x.shape[1:], images.classes, settings.seed)
    _check_parameters(net, module)
    _check_batches(settings, module, images)
    _check_seeds(settings, images)
    examples = _few(images, settings)
    x = Resident.of(examples, "cpu", torch.float32).part("train", slice(EXAMPLES))[0][0].permute(0, 3, 1, 2)
    with located(NETS, net.name, f"given images (B, K, H, W) of {x.dtype} of shape {tuple(x.shape)}"):
        _check_outputs(net, module, x, images.classes)
        _check_training(_in_whole_batches(settings), examples)


def _check_parameters(net: NetSettings, module: nn.Module) -> None:
    if not any(value.requires_grad for value in module.parameters()):
        why = "no parameters to train; assign the layers to attributes of self, and leave requires_grad on"
        raise refused(net, f"the module has {why}", module)
    odd = [name for name, value in module.named_parameters() if not value.isfinite().all()]
    if odd:
        raise refused(net, f"initial parameters that are not finite: {', '.join(odd)}; set them in build", module)


def _check_seeds(settings: Settings, images: Images) -> None:
    """That `build` leaves torch's own generator to the seed of the trial: else all seeds have one start."""
    states, build = [], NETS.load(settings.net.name).build
    for seed in (settings.seed, settings.seed ^ 1):
        with seeds.torch_seeded(seed, "init"):
            build(settings.net, images.train_x.shape[1:], images.classes)
            states.append(torch.get_rng_state())
    if torch.equal(*states):
        what = "seeds torch's own generator, so that all trials have the same initial weights whatever their seed"
        raise refused(settings.net, f"build {what}; leave torch.manual_seed out")


def _check_batches(settings: Settings, module: nn.Module, images: Images) -> None:
    size = settings.data.train_size or len(images.train_y)
    batch = settings.optimizer.batch(size)
    if any(isinstance(part, NORMS) for part in module.modules()) and (size % batch == 1 or batch == 1):
        given = f"got train_size {size}, batch_size {batch}: change one of them"
        raise refused(settings.net, f"batch norm needs two examples in every batch, {given}", module)


def _check_outputs(net: NetSettings, module: nn.Module, x: Tensor, classes: int) -> None:
    """x: some images (B, K, H, W)."""
    images, of = count_of(len(x), "image"), count_of(classes, "class", "classes")
    expected = f"a tensor of floating point of shape {(len(x), classes)} for {images} of {of}"
    with torch.no_grad():
        for outputs in (module.train()(x), module.eval()(x)):
            if not isinstance(outputs, Tensor):
                raise refused(net, f"the module returns {type(outputs).__name__}, expected {expected}", module)
            if outputs.shape != (len(x), classes) or not outputs.is_floating_point():
                given = f"a tensor of {outputs.dtype} of shape {tuple(outputs.shape)}"
                raise refused(net, f"the module returns {given}, expected {expected}", module)
        whole, again, one = module(x), module(x), module(x[:1])
    if not _equal(whole, again):
        found = "in evaluation mode the same images have other outputs the second time"
        raise refused(net, f"{found}: draw and change nothing where self.training is False", module)
    if not torch.allclose(whole[:1], one, rtol=1e-3, atol=1e-4, equal_nan=True):
        found = "in evaluation mode the outputs for an image depend on the other images of its batch"
        raise refused(net, f"{found}: compute them from that image alone where self.training is False", module)


def _check_training(settings: Settings, examples: Examples) -> None:
    """Two epochs alone, in a bundle behind another model, and the second one from the state after the first."""
    alone = Modules([settings], examples, "cpu")
    start, middle, end = alone.state(), _trained(alone, 1), _trained(alone, 2)
    other = settings.model_copy(update={"seed": settings.seed ^ 1})
    bundle = Modules([other, settings], _twice(examples), "cpu")
    _check_same(settings.net, "built twice from one seed", start, bundle.state(), alone.module)
    _trained(bundle, 1)
    _check_same(settings.net, "trained alone and in a bundle", end, _trained(bundle, 2), alone.module)
    resumed = Modules([settings], examples, "cpu")
    resumed.load(middle)
    _check_same(settings.net, "trained through and from a checkpoint", end, _trained(resumed, 2), alone.module)


def _trained(engine: Modules, epoch: int) -> State:
    """The state after this epoch, which is one step."""
    m = len(engine.bundle)
    order = np.arange(engine.data.size("train"))[None].repeat(m, 0)
    rates = np.full((m, 1), engine.bundle[0].optimizer.learning_rate)
    engine.epoch(order, np.ones(m, dtype=bool), rates, before=epoch - 1)
    return engine.state()


def _check_same(net: NetSettings, how: str, one: State, other: State, module: nn.Module) -> None:
    """Compares the last model of each."""
    tensors = ((name, value, other[part][name]) for part, named in one.items() for name, value in named.items())
    differ = sorted({name for name, value, again in tensors if not _equal(value[-1], again[-1])})
    if differ:
        raise refused(
            net,
            f"{how}, the same trial has other values of {', '.join(differ)}: draw random numbers by torch without a "
            "generator of your own, and keep what changes in parameters and buffers (register_buffer), not in globals "
            "or attributes",
            module,
        )


def _equal(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


def _few(images: Images, settings: Settings) -> Examples:
    """The first examples of a trial."""
    all_ = Examples.of(images, [settings])
    tested = None if all_.test_index is None else all_.test_index[:, :EXAMPLES]
    index, labels, test_labels = (part[:, :EXAMPLES] for part in (all_.index, all_.labels, all_.test_labels))
    return replace(all_, index=index, labels=labels, test_labels=test_labels, test_index=tested)


def _in_whole_batches(settings: Settings) -> Settings:
    """The same settings, with steps that take all of the few examples."""
    batch = settings.optimizer.batch_size and EXAMPLES
    return settings.model_copy(update={"optimizer": settings.optimizer.model_copy(update={"batch_size": batch})})


def _twice(examples: Examples) -> Examples:
    """The same examples for two models."""
    tested = None if examples.test_index is None else examples.test_index.repeat(2, 0)
    parts = (examples.index, examples.labels, examples.test_labels)
    index, labels, test_labels = (part.repeat(2, 0) for part in parts)
    return replace(examples, index=index, labels=labels, test_labels=test_labels, test_index=tested)
