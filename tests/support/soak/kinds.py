"""The sweeps of a soak, by what they have in them, and the options with which they are launched."""

from pathlib import Path
from typing import Any, NamedTuple

from tests.support.launching import launches
from tests.support.networks import own_nets


class Kind(NamedTuple):
    """One sweep; `more`: its file once all of it is done, "" where it stays."""

    name: str
    text: str
    more: str = ""


OWN = {
    "data/stripes.py": '''\
"""Images of a stripe at one of four places, with noise; written by a test."""

from typing import Literal

import numpy as np

from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images, digest


class Settings(DataSettings):
    name: Literal["stripes"] = "stripes"

    def sizes(self):
        return Sizes(120, 40, (8, 8, 1), 4)


def where():
    return "drawn when needed"


def load(settings):
    rng = np.random.Generator(np.random.PCG64(5))
    y = np.arange(160) % 4
    x = rng.integers(0, 160, (160, 8, 8, 1), dtype=np.uint8)
    for image, label in zip(x, y):
        image[2 * label : 2 * label + 2] += 60
    parts = x[:120], y[:120], x[120:], y[120:]
    return Images(*parts, classes=4, title="stripes", digest=digest(*parts))
''',
    "optimizers/signs.py": '''\
"""Steps along the sign of a mean of the gradients; written by a test."""

from typing import Literal

from pydantic import Field

from workers.interfaces.optimizer import OptimizerSettings, like

STATE = ("mean",)


class Settings(OptimizerSettings):
    name: Literal["signs"] = "signs"
    decay: float = Field(0.9, ge=0, lt=1, description="Of the mean, in a step.")


def numbers(settings):
    return {"decay": settings.decay}


def step(numbers, p, gradient, state, rate, t):
    for name, value in p.items():
        mean = state["mean"][name]
        mean.lerp_(gradient[name], like(1 - numbers["decay"], mean))
        value.sub_(like(rate, value) * mean.sign())
''',
    "schedules/halves.py": '''\
"""The learning rate halves every third epoch; written by a test."""

from typing import Literal

from workers.interfaces.schedule import ScheduleSettings


class Settings(ScheduleSettings):
    name: Literal["halves"] = "halves"


def factor(settings, time, risks):
    return 0.5 ** (time.done // 3)
''',
}  # fmt: skip

# Networks of three shapes on handwritten digits; $SWEEP_COMMIT_S is 0, so that every epoch is committed.
NETWORKS: dict[str, Any] = {
    "data": {"name": "digits", "train_size": 100, "test_size": 100}, "net": {"name": "convnet", "depth": 3},
    "optimizer": {"name": "sgd", "batch_size": 20, "learning_rate": 0.05, "momentum": 0.5}, "epochs": 40,
    "measure": ["error", "risk", "frobenius_norm"],
}  # fmt: skip
VARY: dict[str, Any] = {"net.width": [4, 8, 12], "seed": {"count": 4}}
SEEDS: dict[str, Any] = {"seed": {"count": 4}}
CURVE = {"name": "error", "x": "net.width", "y": "error", "split": ["train", "test"]}
CLAIM = {"name": "no_overfitting", "y": "error", "split": "test", "tolerance": 0.5}
PROFILES = {"debug": {"fixed": {"epochs": 9}, "vary": {"seed": {"count": 2}}}}
DIFFERENT = (("--debug",), ("--set", "epochs=15"))  # options that make other trials
VARIANTS = ("faults", "faults@debug", "faults@epochs=15")  # what `sweep ls` calls these
OPTIONS = ((), (), (), *DIFFERENT, ("--limit", "3"))  # one of these for each launch


def _sweep(vary: dict[str, Any], curves: bool = False, **changes: Any) -> str:
    drawn = {"curves": [CURVE], "claims": [CLAIM]} if curves else {}
    return launches.sweep("network", {**NETWORKS, **changes}, vary, profiles=PROFILES, **drawn)


KINDS = (
    Kind("networks", _sweep(VARY, curves=True)),
    Kind("a net of the user's own", _sweep(SEEDS, net={"name": "everything"}, epochs=20)),
    Kind(
        "measured later",
        _sweep(VARY, epochs=20),
        _sweep(VARY, epochs=20, measure=[*NETWORKS["measure"], "margin", "norm"]),
    ),
    Kind(
        "data, optimizer and schedule of the user's own, augmented, evaluated at a list",
        _sweep(
            SEEDS,
            data={"name": "stripes", "augment": ["flip", "crop"]},
            optimizer={"name": "signs", "batch_size": 20, "learning_rate": 0.003, "schedule": {"name": "halves"}},
            epochs=24,
            evaluate_every=[1, 2, 4, 7, 8, 12, 13, 20],
        ),
    ),
    Kind(
        "stopped early, perturbed, with a loss-based rate, evaluated at growing distances",
        _sweep(
            SEEDS | {"optimizer.schedule": [{"name": "loss_based"}, {"name": "cosine", "per": "step"}]},
            optimizer={"batch_size": 20, "learning_rate": 0.05},
            until={"measure": "risk", "split": "train", "at_most": 0.05},
            perturbation={"name": "gaussian", "every": 5, "after": {"measure": "error", "at_most": 0.5}},
            evaluate_every={"log_space": [1, 40], "count": 20},
        ),
    ),
    Kind("trained weights are not kept", _sweep(VARY, epochs=20, keep_weights=False)),
)


def write_own(folder: Path) -> None:
    """Writes the user's own files beside a sweep."""
    own_nets.written(folder, everything=own_nets.EVERYTHING)
    for name, source in OWN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source)
