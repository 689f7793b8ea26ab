"""The memo's network as a torch.nn.Module, for the eager and the vmap engines.

M models, K image channels, W width.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from workers.bench.case import Work
from workers.nets import convnet

RUNNING = {"running_mean": "mean", "running_var": "var"}


def modules(work: Work) -> list[nn.Sequential]:
    """One module a model, on the device, with the initial weights of its trial."""
    parameters, buffers = work.initial()
    weights = {**parameters, **{_torch_name(name): value for name, value in buffers.items()}}
    return [_filled(_empty(work), {name: value[m] for name, value in weights.items()}) for m in range(len(work.bundle))]


def _empty(work: Work) -> nn.Sequential:
    net, images = convnet.settings_of(work.bundle[0].net), work.pictures.images
    height, width, channels = images.train_x.shape[1:]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (inputs, outputs) in enumerate(pairwise((channels, *net.widths)), start=1):
        layers[f"conv{i}"] = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=net.has_bias(i))
        if net.batch_norm:
            layers[f"norm{i}"] = nn.BatchNorm2d(outputs, affine=False)
        layers[f"relu{i}"] = nn.ReLU()
    layers["flatten"] = nn.Flatten()
    layers["output"] = nn.Linear(convnet.features(net, (height, width, channels)), images.classes)
    return nn.Sequential(layers).to(work.pictures.device)


def _filled(module: nn.Sequential, values: Mapping[str, Tensor]) -> nn.Sequential:
    missing, unexpected = module.load_state_dict(values, strict=False)
    assert not unexpected and all("num_batches_tracked" in name for name in missing), (missing, unexpected)
    return module


def state(trained: Sequence[nn.Sequential]) -> dict[str, dict[str, Tensor]]:
    """What `Trainer.state` returns, of one module a model."""
    return {
        "parameters": _stacked([dict(module.named_parameters()) for module in trained]),
        "buffers": renamed(_stacked([dict(module.named_buffers()) for module in trained])),
    }


def renamed(buffers: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Running statistics by the names of the net: norm1.running_mean is conv1.mean."""
    found = {}
    for name, value in buffers.items():
        layer, what = name.split(".")
        if what in RUNNING:
            found[f"{layer.replace('norm', 'conv')}.{RUNNING[what]}"] = value
    return found


def _torch_name(name: str) -> str:
    layer, what = name.split(".")
    return f"{layer.replace('conv', 'norm')}.running_{what}"


def _stacked(each: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([values[name].detach() for values in each]) for name in each[0]}
