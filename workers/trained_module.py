"""A trained network as a torch module, and as a safetensors file of its own."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from tracking.common.errors import Refused
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.store import Store
from workers import measure_trained
from workers.experiments.network import sizes
from workers.training.networks.module import built
from workers.training.settings import Settings
from workers.trial import Trial

Module = nn.Module


def module(store: Store, record: TrialRecord, trial: Trial) -> Module:
    """The network of a trial with its trained weights, in float32 on the CPU and in evaluation mode.

    It maps images [B K H W], normalised as the trial's data say, to outputs [B C]. Raises Refused where no weights are
    kept, Damaged where they are not what was committed.
    """
    if not isinstance(trial.settings, Settings):
        raise Refused(f"trial {record.id} trains no network that is kept, it is one of {trial.experiment}")
    parameters, buffers = measure_trained.read(store, store.manifest(record.bundle)).of(record.id)
    with trial.files.active():
        there = sizes(trial.settings)
        found = built(trial.settings.net, there.image, there.classes, trial.seed)
    with torch.no_grad():
        for name, value in (*found.named_parameters(), *found.named_buffers()):
            value.copy_({**parameters, **buffers}[name])
    return found.eval()


def export(store: Store, record: TrialRecord, path: Path) -> None:
    """Writes the trained weights of one trial: tensors named as in the module's `state_dict`; in the metadata the
    trial's id and its settings as JSON. Raises Refused, Damaged as `module` does, and OSError."""
    from safetensors.torch import save_file

    parameters, buffers = measure_trained.read(store, store.manifest(record.bundle)).of(record.id)
    named = {name: value.clone() for name, value in {**parameters, **buffers}.items()}
    save_file(named, path, {"trial": record.id, "settings": json.dumps(dict(record.settings), sort_keys=True)})
