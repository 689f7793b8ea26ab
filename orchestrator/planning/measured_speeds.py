"""How long bundles took on this machine, against arithmetic: kept in the user's cache folder, for later estimates.

What is kept is a factor: processor seconds that a launch took for trials of one kind, over those that arithmetic gives
(`Experiment.seconds`). A kind that never ran takes the factor of its net with this engine, then of the engine, then of
whatever ran here. Factors are averaged with their seconds as weights, and a launch that took less than SHORTEST_S for a
kind says nothing: it is mostly start.
"""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, TypeAdapter

from orchestrator.planning.amounts import amount
from tracking.common.named_files.plugins import Frozen
from tracking.common.whole_files import replacing
from workers.bundle import Bundle
from workers.interfaces.experiment import Seconds
from workers.plugins import EXPERIMENTS
from workers.runtime import cache
from workers.trial import Trial, digest

LOG = logging.getLogger(__name__)
SHORTEST_S = 2.0  # of which the first bundle of a process spends one on imports
KEPT = 8  # newest samples of a kind, and ratios of a launch
KINDS = 1000  # of which samples are kept
# Settings that decide how much work a trial is, and not how fast it goes; a trial that may end early keeps them.
AMOUNTS = ("seed", "epochs", "evaluate_every", "measure", "data.train_size", "data.test_size", "data.label_noise")
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Names(NamedTuple):
    """What a trial is called by those whose speed it shares, the nearest first."""

    kind: str
    net: str
    engine: str


class Sample(BaseModel):
    """What a launch took for trials of one kind. factor: processor seconds over arithmetic. share: of the planned
    visits that were made, since trials may end early. estimated: what was estimated before over what it took; None
    where the kind had never run."""

    net: str
    engine: str
    factor: Positive
    processor_s: Positive
    share: Positive = 1.0
    estimated: Positive | None = None


class Measured(BaseModel):
    """What is kept of one device. overheads: processor seconds of launches outside of bundles, over arithmetic. taken:
    processor seconds of the bundles of the newest launches."""

    samples: dict[str, list[Sample]] = {}
    taken: list[float] = []
    overheads: dict[str, list[Positive]] = {}


FILE = TypeAdapter(dict[str, Measured])


@dataclass
class Spent:
    """What the reports of a bundle add up to: processor seconds and visits of examples."""

    processor_s: float = 0.0
    visits: int = 0


class Work(NamedTuple):
    """A bundle as estimates see it. arithmetic: of all its trials, run to their last step. ends_early: whether a trial
    may end before. visits: planned, 0 where an experiment counts none."""

    names: Names
    arithmetic: Seconds
    ends_early: bool
    visits: int


def path() -> Path:
    """The file in the cache folder."""
    return cache.folder() / "estimates.json"


def read() -> dict[str, Measured]:
    """What was measured by device; nothing where the file is not there, cannot be read, or is damaged."""
    try:
        return FILE.validate_json(path().read_bytes())
    except (OSError, ValueError):
        return {}


def add(device: str, samples: Mapping[str, Sample], taken: float = 0.0, where: str = "", overhead: float = 0.0) -> None:
    """Keeps samples by kind, what all bundles of a launch took, and how long it took outside of them. Never fails for
    the cache."""
    try:
        with cache.lock("estimates"):
            whole = read()
            of_device = whole.setdefault(device, Measured())
            for kind, sample in samples.items():
                known = of_device.samples.pop(kind, [])  # the kind that was used last stands last
                of_device.samples[kind] = [*known, sample][-KEPT:]
            for kind in [*of_device.samples][:-KINDS]:
                del of_device.samples[kind]
            of_device.taken = [*of_device.taken, *([taken] if taken else [])][-KEPT:]
            if overhead > 0:
                of_device.overheads[where] = [*of_device.overheads.get(where, []), overhead][-KEPT:]
            with replacing(path()) as (temporary,):
                temporary.write_bytes(FILE.dump_json(whole))
    except OSError as error:  # a full disk, a quota: an estimate is not worth a launch
        LOG.info("note     speeds are not kept for the next estimate: %s", error)


def work(bundle: Bundle, device: str) -> Work:
    """A bundle by arithmetic. device: "cpu" or "cuda"."""
    first = bundle.trials[0]
    with first.files.active():
        experiment = EXPERIMENTS.load(first.experiment)
        choice = experiment.engine(first.settings, device)
        alike: dict[int, list[Trial]] = {}
        for trial in bundle.trials:
            alike.setdefault(id(trial.unseeded), []).append(trial)

        kept = bool(bundle.trained_in)

        def each(settings: Frozen) -> float:
            return experiment.seconds(settings, device).each

        total = sum(amount(some[0], each, kept) * len(some) for some in alike.values())
        start = experiment.seconds(first.settings, device).bundle
    visits = sum(_visits(some[0]) * len(some) for some in alike.values())
    names = _names(first, choice.engine if choice else "")
    return Work(names, Seconds(total, start), bool(first.plain.get("until")), visits)


def _visits(trial: Trial) -> int:
    """Of examples in training; 0 where they are not known."""
    size, epochs = trial.unseeded.get("data.train_size"), trial.plain.get("epochs")
    return size * epochs if isinstance(size, int) and isinstance(epochs, int) else 0


def _names(trial: Trial, engine: str) -> Names:
    left_out = ("seed",) if trial.plain.get("until") else AMOUNTS
    kind = digest({"engine": engine, **{k: v for k, v in trial.unseeded.items() if k not in left_out}})
    by = f"{trial.experiment}, {engine}"
    return Names(kind, f"{by}, {trial.unseeded.get('net.name', '')}", by)


def samples(bundles: Iterable[tuple[Bundle, Spent]], device: str, estimated: Mapping[str, float]) -> dict[str, Sample]:
    """What bundles that ran to their end say of each kind. estimated: processor seconds by bundle, of those whose kind
    had run before."""
    kinds: dict[str, list[tuple[Bundle, Spent, Work]]] = {}
    for bundle, spent in bundles:
        found = work(bundle, device)
        kinds.setdefault(found.names.kind, []).append((bundle, spent, found))
    return {kind: sample for kind, of in kinds.items() if (sample := _sample(of, estimated))}


def _sample(of: Sequence[tuple[Bundle, Spent, Work]], estimated: Mapping[str, float]) -> Sample | None:
    taken, start = sum(s.processor_s for _, s, _ in of), sum(w.arithmetic.bundle for *_, w in of)
    planned, made = sum(w.visits for *_, w in of), sum(s.visits for _, s, _ in of)
    share = min(made / planned, 1.0) if planned and made else 1.0
    arithmetic = share * sum(w.arithmetic.each for *_, w in of)
    if not SHORTEST_S <= taken < math.inf or taken <= 2 * start or not 0 < arithmetic < math.inf:
        return None
    before = [estimated[b.id] for b, *_ in of if b.id in estimated]
    ratio = sum(before) / taken if len(before) == len(of) else None
    names = of[0][2].names
    return Sample(
        net=names.net, engine=names.engine, factor=(taken - start) / arithmetic, processor_s=taken, share=share,
        estimated=ratio,
    )  # fmt: skip
