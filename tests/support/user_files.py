"""Folders of a user's own files beside a sweep file, for tests."""

from pathlib import Path

# No hidden layer: one weight for each class and pixel.
FLAT_NET = '''\
"""Every pixel is a feature; written by a test."""

import math
from collections import OrderedDict

from torch import nn

from workers.interfaces.net import NetSettings

from . import _helper


class Settings(NetSettings):
    scale: float = 1.0


def build(settings, image, classes):
    output = nn.Linear(math.prod(image), classes, bias=False)
    nn.init.normal_(output.weight, std=_helper.SCALE * settings.scale)
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), output=output))
'''
LOSS = '''\
"""Half the squared distance from the label's unit vector; written by a test."""

from torch.nn.functional import one_hot


def loss(outputs, labels):
    return (outputs - one_hot(labels, outputs.shape[-1])).square().sum(-1) / 2
'''
MEASURE = '''\
"""The largest absolute weight; written by a test."""

SPLITS = ("",)


def measure(snapshot):
    yield "", "", snapshot.parameters["output.weight"].abs().flatten(1).amax(1).double()
'''
CLAIM = '''\
"""A measure is above a number at the end of every trial; written by a test."""

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Finding


class Settings(Claim):
    y: str
    bound: float

    def needs(self, settings):
        return Needs({"y": Measured(self.y)}, per="all", each_trial=True)

    def tested(self):
        return f"{self.y} ends above {self.bound}."

    def criterion(self):
        return f"every last value of {self.y} > {self.bound}"

    def judge(self, line):
        lowest = min(run.series["y"].last for run in line.runs)
        return Finding(said(lowest > self.bound), {"lowest": lowest})
'''
SWEEP = """\
title: A net, a loss, a measure and a claim of my own
experiment: network
fixed:
  data: {name: digits, train_size: 100, test_size: 100}
  net: {name: flat}
  loss: halved
  optimizer: {name: sgd, batch_size: 20}
  epochs: 2
vary:
  seed: {count: 2}
measure: [error, risk, largest]
claims:
  - {name: above, y: largest, bound: 0.0}
"""
FILES = {
    "nets/flat.py": FLAT_NET,
    "nets/_helper.py": "SCALE = 0.1\n",
    "losses/halved.py": LOSS,
    "measures/largest.py": MEASURE,
    "claims/above.py": CLAIM,
    "mine.yaml": SWEEP,
}
RAISES = "raise RuntimeError('this file must not be imported')\n"


def write(folder: Path, more: dict[str, str] | None = None) -> Path:
    """Writes `FILES`, changed by `more`, into a folder; returns the path of its sweep file, `mine.yaml`."""
    for name, text in {**FILES, **(more or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "mine.yaml"
