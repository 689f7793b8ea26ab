"""How long a network takes to train on one core, by arithmetic: for plans, before anything of its kind was measured.

Each constant was fitted to processor time of one core (`benchmarks/estimates.py` holds the result against sweeps).
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from workers.interfaces.dataset import Sizes
from workers.interfaces.experiment import Seconds
from workers.interfaces.measure import visits
from workers.training.networks import operations

if TYPE_CHECKING:
    from workers.training.settings import Settings


class Rates(NamedTuple):
    """Of an engine. operations: a second. image, number: seconds of an image, and of each number in it. step: of one
    update. evaluation: of measuring once."""

    operations: float
    image: float
    number: float
    step: float
    evaluation: float


ENGINES = {
    "fused": Rates(1.9e11, 6e-7, 1.6e-9, 4e-6, 2e-4),
    "modules": Rates(4e10, 1e-6, 2e-9, 4e-4, 1e-3),
    "reference": Rates(4e10, 1e-6, 2e-9, 1e-3, 2e-3),
    "batched": Rates(5e12, 1e-8, 1e-12, 1e-5, 1e-3),  # of one of many models on a GPU
}
BATCH_NORM, FLOAT64, POLYNOMIAL = 1.4, 1.6, 1.3  # times as long
LOAD = 2e-9  # seconds to read and check one number of a data set
START = 0.2  # of a bundle


def seconds(settings: "Settings", engine: str, there: Sizes, whole: Sizes, measures: Iterable[str]) -> Seconds:
    """Of a trial that is trained for all of its epochs. there, whole: what it trains on, and the data set as it lies
    on the disk."""
    rates, numbers = ENGINES[engine], math.prod(there.image)
    flops = operations.visit_flops(settings.net, there.image, there.classes) * _harder(settings)
    image, step = rates.image + numbers * rates.number, rates.step
    visit, forward = image + flops / rates.operations, image / 2 + flops / 3 / rates.operations
    batch = getattr(settings.optimizer, "batch_size", None) or there.train
    epoch = there.train * visit + math.ceil(there.train / batch) * step
    evaluation = (there.train + there.test) * forward + visits(measures, there.train) * visit + rates.evaluation
    each = settings.epochs * epoch + (1 + len(settings.evaluations)) * evaluation
    return Seconds(each, START + LOAD * (whole.train + whole.test) * numbers)


def _harder(settings: "Settings") -> float:
    """How much longer the operations of a net take than plain ones in float32."""
    double = FLOAT64 if settings.precision == "float64" else 1.0
    normalised = BATCH_NORM if getattr(settings.net, "batch_norm", False) else 1.0
    return double * normalised * (POLYNOMIAL if settings.net.name == "polynomial" else 1.0)
