"""Nets of a user's own as torch modules, in a folder beside a sweep: one with everything, and broken ones."""

from pathlib import Path
from typing import Any

from tests.support.networks import small_trials
from tracking.common.named_files.user_files import UserFiles
from workers.trial import Trial

# Batch norm, dropout, a tied weight, a lazy layer, and a counter that is assigned, not changed in place.
EVERYTHING = '''\
"""A net with everything; written by a test."""

import torch
from torch import nn

from workers.interfaces.net import NetSettings


class Settings(NetSettings):
    dropout: float = 0.3
    norm: bool = True


class Everything(nn.Module):
    def __init__(self, settings, classes):
        super().__init__()
        self.inner = nn.Sequential(nn.Flatten(), nn.LazyLinear(9), nn.Tanh())
        self.norm = nn.BatchNorm1d(9) if settings.norm else nn.Identity()
        self.there, self.back = nn.Linear(9, 9), nn.Linear(9, 9)
        self.back.weight = self.there.weight
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(9, classes)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        if self.training:
            self.seen = self.seen + len(x)
        x = self.norm(self.inner(x))
        return self.output(self.dropout(self.back(torch.relu(self.there(x)))))


def build(settings, image, classes):
    return Everything(settings, classes)
'''
# A net of one layer, to be made wrong by a test: {body} stands in `forward`, {more} in `build`.
ONE_LAYER = '''\
"""A net; written by a test."""

import numpy as np
import torch
from torch import nn

from workers.interfaces.net import NetSettings


class Settings(NetSettings):
    pass


class One(nn.Module):
    calls = 0

    def __init__(self, pixels, classes):
        super().__init__()
        self.output = nn.Linear(pixels, classes)

    def forward(self, x):
        {body}


def build(settings, image, classes):
    module = One(image[0] * image[1] * image[2], classes)
    {more}
    return module
'''


def written(folder: Path, **sources: str) -> UserFiles:
    """Nets by name, written into a folder."""
    (folder / "nets").mkdir(exist_ok=True)
    for name, source in sources.items():
        (folder / "nets" / f"{name}.py").write_text(source)
    return UserFiles.of_folder(folder)


def one_layer(body: str = "return self.output(x.flatten(1))", more: str = "pass") -> str:
    return ONE_LAYER.format(body=body, more=more)


def trial(files: UserFiles, seed: int = 0, **changes: Any) -> Trial:
    """A small trial whose net is `everything` unless it is changed."""
    with files.active():
        return small_trials.trial(seed, **{"net": {"name": "everything"}, **changes})
