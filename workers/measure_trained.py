"""Measures trained networks by their kept weights: nothing is trained."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tracking.common.errors import Damaged, Refused
from tracking.records.manifests.manifest import Manifest
from tracking.records.rows import Outcome, Progress
from tracking.records.store import Store
from workers.plugins import keeps_networks
from workers.runtime.trained_weights import Trained, load
from workers.trial import Trial

if TYPE_CHECKING:
    from torch import Tensor


def measured(store: Store, trials: Sequence[Trial], trained_in: Mapping[str, str], device: str) -> Progress:
    """The rows of what the settings of these trials ask to measure, at the last step of each trial.

    trained_in: the bundle in which each trial was trained, by id. Outcomes are those that it had there. Raises Damaged,
    naming the file, where kept weights are not what their manifest says; Refused where none are kept.
    """
    experiment = keeps_networks(trials[0].experiment)
    if experiment is None:
        raise Refused(f"{trials[0].experiment} keeps no trained networks; its trials have to run again")
    manifests = {bundle: store.manifest(bundle) for bundle in {trained_in[t.id] for t in trials}}
    ended = {t.id: _outcome(manifests[trained_in[t.id]], t.id) for t in trials}
    weights = _together(store, [t.id for t in trials], {t.id: manifests[trained_in[t.id]] for t in trials})
    rows, about = experiment.measure_trained(trials, weights, [ended[t.id].step for t in trials], device)
    return Progress(max(outcome.step for outcome in ended.values()), rows, ended, dict, about)


def read(store: Store, manifest: Manifest) -> Trained:
    """The trained networks of a bundle. Raises Damaged, Refused as `measured` does."""
    for entry in manifest.weights:
        return load(store.checked(entry), entry.name)
    raise Refused(
        f"no trained networks are kept of bundle {manifest.bundle} in '{store.root}': its sweep says `keep_weights: "
        "false`, its trials were given up, or it was recorded before networks were kept"
    )


def _outcome(manifest: Manifest, id: str) -> Outcome:
    trial = next(t for t in manifest.trials if t.id == id)
    return Outcome(trial.state, trial.step, trial.reason)


def _together(store: Store, ids: Sequence[str], manifests: Mapping[str, Manifest]) -> Trained:
    """The networks of these trials, in their order, out of the files of their bundles."""
    import torch

    read_once = {m.bundle: read(store, m) for m in {m.bundle: m for m in manifests.values()}.values()}
    parts: tuple[dict[str, list[Tensor]], ...] = (defaultdict(list), defaultdict(list))
    for id in ids:
        trained = read_once[manifests[id].bundle]
        if id not in trained.trials:
            raise Damaged(f"the weights of bundle {manifests[id].bundle} do not hold trial {id}")
        for part, tensors in zip(parts, trained.of(id), strict=True):
            for name, value in tensors.items():
                part[name].append(value)
    parameters, buffers = ({name: torch.stack(values) for name, values in part.items()} for part in parts)
    return Trained(tuple(ids), parameters, buffers)
