"""The kinds of files that are found by name here, each with its Protocol: `NETS.load("convnet")` is a `Net`."""

import functools
from typing import cast

from tracking.common.named_files.lookup import Place
from tracking.common.named_files.plugins import Kind
from tracking.common.named_files.protocols import lacking
from workers import trial
from workers.interfaces import measure, optimizer, schedule
from workers.interfaces.dataset import Dataset
from workers.interfaces.experiment import Experiment, KeepsNetworks
from workers.interfaces.loss import Loss
from workers.interfaces.net import BatchedNet, Net
from workers.interfaces.perturbation import Perturbation

EXPERIMENTS: Kind[Experiment] = Kind("experiment", trial.EXPERIMENTS.folder, Experiment)
NETS: Kind[Net] = Kind("net", "workers.nets", Net)
DATASETS: Kind[Dataset] = Kind("data", "workers.data", Dataset)
LOSSES: Kind[Loss] = Kind("loss", "workers.losses", Loss)
MEASURES, OPTIMIZERS, SCHEDULES = measure.MEASURES, optimizer.OPTIMIZERS, schedule.SCHEDULES
PERTURBATIONS: Kind[Perturbation] = Kind("perturbation", "workers.perturbations", Perturbation)


def keeps_networks(name: str) -> KeepsNetworks | None:
    """The experiment of this name, where it can measure the trained networks that it keeps."""
    found = EXPERIMENTS.load(name)
    return None if lacking(EXPERIMENTS.find(name), KeepsNetworks) else cast(KeepsNetworks, found)


def batched(name: str) -> BatchedNet | None:
    """The net of this name, where it has all that `BatchedNet` asks for besides `build`."""
    return _batched(NETS.place(name), name)


@functools.lru_cache(maxsize=1024)
def _batched(place: Place, name: str) -> BatchedNet | None:
    net = NETS.load(name)
    return None if lacking(NETS.find(name), BatchedNet) else cast(BatchedNet, net)
