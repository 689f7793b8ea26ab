"""The main experiment: small networks trained on images, with risk, error and norms measured by epoch.

CBMM Memo 90, Figures 1, 2 and 5 and Section 6. A step is an epoch (one pass over the training examples; with gradient
descent, one update).
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tracking.common.text import count_of
from tracking.records.provenance import About, DataUsed
from tracking.records.rows import Progress, Row
from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.experiment import Seconds
from workers.interfaces.images import Images
from workers.interfaces.measure import visits
from workers.interfaces.networks.engine import Choice
from workers.nets import convnet
from workers.plugins import NETS, OPTIMIZERS
from workers.runtime.trained_weights import Trained
from workers.training import seconds as training_seconds
from workers.training.examples.inputs import title
from workers.training.examples.normalize import normalized
from workers.training.examples.selection import Examples
from workers.training.examples.subsets import subset
from workers.training.load_data import load_data
from workers.training.loop import Training
from workers.training.measured_rows import measured
from workers.training.networks import operations
from workers.training.settings import Settings as Settings
from workers.trial import Trial

if TYPE_CHECKING:
    from workers.interfaces.networks.engine import Engine, State
    from workers.training.networks.functions import NetFunctions

STEP = "epoch"  # what a step is called on figures
MEASURES = {
    "parameters": ("",),
    "perturbations": ("",),
}  # recorded besides those asked for; perturbations where there are any
MAY_DIFFER = (
    "seed",
    "data.label_noise",
    "data.label_noise_to",
    "data.test_label_noise",
    "net.init_scale",
    "until",
    "pretrain.label_noise",
    "perturbation",
)  # and what `Settings.may_differ` says of the optimizer


def recorded_steps(settings: Settings) -> list[int]:
    """The initial network, and the epochs at which it is evaluated."""
    return [0, *sorted(settings.evaluations)]


def recorded_layers(settings: Settings) -> tuple[str, ...]:
    """The layers of the net; loads torch."""
    from workers.training.networks.module import layers

    there = sizes(settings)
    return layers(settings.net, there.image, there.classes)


def cost(settings: Settings) -> float:
    """Floating-point operations of one trial, evaluations included (a forward pass is a third of a visit)."""
    there = sizes(settings)
    visit = operations.visit_flops(settings.net, there.image, there.classes)
    evaluation = (there.train + there.test) / 3 + visits(settings.measure, there.train)
    return float(visit * (settings.epochs * there.train + len(settings.evaluations) * evaluation))


def seconds(settings: Settings, device: str) -> Seconds:
    """By the arithmetic of its engine (`workers/training/seconds.py`)."""
    how, whole = engine(settings, device).engine, _of_data(settings)
    return training_seconds.seconds(settings, how, sizes(settings), whole, settings.measure)


def sizes(settings: Settings) -> Sizes:
    """What one trial trains on and is tested on. Loads the data where they do not say it by themselves."""
    there = _of_data(settings)
    train, test = settings.data.train_size or there.train, settings.data.test_size or there.test
    return there._replace(train=train, test=test)


def _of_data(settings: Settings) -> Sizes:
    """Of the whole data set, as networks see it."""
    there = settings.data.sizes() or _counted(settings.data)
    return there._replace(numbers="float32") if settings.data.inputs == "gaussian" else there


@functools.lru_cache(maxsize=16)
def _counted(data: DataSettings) -> Sizes:
    images = load_data(data)
    height, width, channels = images.train_x.shape[1:]
    numbers: Literal["uint8", "float32"] = "uint8" if images.train_x.dtype == np.uint8 else "float32"
    return Sizes(len(images.train_y), len(images.test_y), (height, width, channels), images.classes, numbers)


def kept_bytes(settings: Settings) -> int:
    """See `KeepsNetworks`."""
    there, number = sizes(settings), 8 if settings.precision == "float64" else 4
    return number * operations.numbers(settings.net, there.image, there.classes) if settings.keep_weights else 0


def most_models(settings: Settings, free: int) -> int:
    """Models of which a bundle fits on a GPU with `free` bytes."""
    from workers.engines.gpu import memory_model

    if type(settings.net) is not convnet.Settings:
        there, number = sizes(settings), 8 if settings.precision == "float64" else 4
        return operations.most_models(settings.net, there.image, there.classes, number, free)
    return memory_model.most(settings, sizes(settings), free)


def engine(settings: Settings, device: str) -> Choice:
    """See `workers.engines.choose.choice`."""
    from workers.engines.choose import choice

    return choice(settings, _of_data(settings), device)


def prepare(trials: Sequence[Trial[Settings]]) -> str:
    """Fetches the data of these trials and checks that the trials fit them, before any worker starts; tries out
    nets, losses, optimizers and schedules of the user's own.

    Returns a note where training will be slow for a reason that can be removed.

    Raises FileNotFoundError when data are missing, saying how to get them; ValueError when a size exceeds the data;
    BadPlugin for a net, loss, optimizer or schedule of the user's own that cannot be trained with.
    """
    for of_one_source in _grouped(trials, _source_key).values():
        stored = _stored(of_one_source[0].settings)
        for of_one_set in _grouped(of_one_source, _data_key).values():
            _check_trials(of_one_set, _as_seen(stored, of_one_set[0].settings))
    return _why_slow()


def _check_trials(trials: Sequence[Trial[Settings]], images: Images) -> None:
    """Of one data set: that there are as many images as they ask for, and that the user's own files train on them."""
    subset(images.train_y, trials[0].settings.data.train_size, 0)
    distinct = [alike[0] for alike in _grouped(trials, _functions_key).values()]
    for alike in _grouped(distinct, lambda trial: trial.settings.optimizer.name).values():
        _check_functions([trial.settings for trial in alike], images.classes)
    own = [t for t in trials if not NETS.place(t.settings.net.name).shipped]
    for alike in _grouped(own, _net_key).values():
        _check_net(alike[0].settings, images)


def _grouped(
    trials: Iterable[Trial[Settings]], key: Callable[[Trial[Settings]], str]
) -> dict[str, list[Trial[Settings]]]:
    found: dict[str, list[Trial[Settings]]] = {}
    for trial in trials:
        found.setdefault(key(trial), []).append(trial)
    return found


def _net_key(trial: Trial[Settings]) -> str:
    return f"{trial.settings.net.model_dump_json()} {trial.settings.optimizer.batch_size}"


def _functions_key(trial: Trial[Settings]) -> str:
    settings = trial.settings
    return f"{settings.loss} {settings.optimizer.model_dump_json()} {settings.epochs}"


def _check_functions(settings: Sequence[Settings], classes: int) -> None:
    from workers.training.check_functions import check_functions, check_together

    for one in settings:
        check_functions(one, classes)
    check_together(settings)


def _check_net(settings: Settings, images: Images) -> None:
    from workers.engines.check_net import check_net

    check_net(settings, images)


def _why_slow() -> str:
    from workers.engines.cpu import library
    from workers.runtime.device import best

    slow = not library.available() and best() == "cpu"
    return f"{library.reason()}; PyTorch trains in their place, several times slower" if slow else ""


def _source_key(trial: Trial[Settings]) -> str:
    """What decides which images are loaded: what all data sets have in common is applied to them afterwards."""
    common = DataSettings.model_fields.keys() - {"name"}
    return str(sorted((key, value) for key, value in trial.plain["data"].items() if key not in common))


def _data_key(trial: Trial[Settings]) -> str:
    data = {k: v for k, v in trial.plain["data"].items() if k not in ("label_noise", "label_noise_to")}
    return str(sorted(data.items()))


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """Trains the trials as one batch of models. Raises ValueError where settings and data do not fit."""
    engine, functions, about = _made(trials, device)
    if trials[0].settings.pretrain and resume is None:
        engine.load(_pretrained(trials, engine.state(), device))
    training = Training(trials, engine, functions, about)
    if resume is not None:
        training.load(resume)
    yield from training.go_on()


def measure_trained(
    trials: Sequence[Trial[Settings]], weights: Trained, steps: Sequence[int], device: str
) -> tuple[list[Row], About]:
    """See `KeepsNetworks`."""
    from workers.interfaces.snapshot import Snapshot

    engine, functions, about = _made(trials, device)
    engine.load({**engine.state(), "parameters": dict(weights.parameters), "buffers": dict(weights.buffers)})
    snapshot = Snapshot(engine, functions)
    return measured(snapshot, trials[0].settings.measure, [t.id for t in trials], steps), about


def _made(trials: Sequence[Trial[Settings]], device: str) -> "tuple[Engine, NetFunctions, About]":
    """The engine of a bundle with initial weights, its networks as functions, and what is known of its provenance."""
    from workers.engines.choose import choose
    from workers.training.networks.functions import NetFunctions

    bundle = [t.settings for t in trials]
    images = load_images(bundle[0])
    examples = Examples.of(images, bundle)
    engine = choose(bundle, examples, device)
    about = About(DataUsed(images.digest, images.title), type(engine).__name__.lower())
    return engine, NetFunctions(bundle, examples), about


def _pretrained(trials: Sequence[Trial[Settings]], fresh: "State", device: str) -> "State":
    """The state to start from: the weights after pretraining, nothing kept by the optimizer; without pretraining where
    its noise is 0."""
    first = [Trial(t.experiment, _pretraining(t.settings)) for t in trials]
    *_, last = run(first, device, None)
    after: State = last.state()["engine"]
    skip = [bool(t.settings.pretrain and t.settings.pretrain.label_noise == 0) for t in trials]
    for part in ("parameters", "buffers"):
        for name, value in after[part].items():
            for i in (i for i, s in enumerate(skip) if s):
                value[i] = fresh[part][name][i]
    return {**after, **{part: fresh[part] for part in OPTIMIZERS.load(trials[0].settings.optimizer.name).STATE}}


def _pretraining(settings: Settings) -> Settings:
    how = settings.pretrain
    assert how
    data = settings.data.model_copy(update={"label_noise": how.label_noise})
    changes = {"data": data, "epochs": how.epochs, "until": how.until, "pretrain": None, "measure": ()}
    return settings.model_copy(update=changes)


def load_images(settings: Settings) -> Images:
    """The images to train and test these settings on, normalised; with a title that says what inputs replace them.

    Raises ValueError where there are fewer to test on than asked.
    """
    return _as_seen(_stored(settings), settings)


def _stored(settings: Settings) -> Images:
    return load_data(settings.data)


def _as_seen(stored: Images, settings: Settings) -> Images:
    data = settings.data
    images = normalized(stored, data.normalize)
    images, size = replace(images, title=title(images.title, data.inputs)), data.test_size
    if images.divided is not None:
        return images
    if size is not None and size > len(images.test_y):
        there = count_of(len(images.test_y), "test example")
        raise ValueError(f"test_size must be at most the {there} there are, got {size}")
    return replace(images, test_x=images.test_x[:size], test_y=images.test_y[:size])
