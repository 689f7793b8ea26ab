"""What a file of workers/experiments must have: how trials of this experiment are described, and how they are run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from typing_extensions import TypeVar

from tracking.common.named_files.plugins import Frozen
from tracking.records.provenance import About
from tracking.records.rows import Progress, Row
from workers.interfaces.networks.engine import Choice
from workers.runtime.trained_weights import Trained
from workers.trial import Identified, Trial

ExperimentT = TypeVar("ExperimentT", bound=Frozen, default=Frozen)
ExperimentT_contra = TypeVar("ExperimentT_contra", bound=Frozen, default=Frozen, contravariant=True)


class Seconds(NamedTuple):
    """Processor seconds by arithmetic, of the machine in benchmarks/README.md: of each trial, and of a bundle before
    its first step."""

    each: float
    bundle: float = 0.0


class Experiment(Identified[ExperimentT], Protocol[ExperimentT]):
    """An experiment. `Settings` and `MAY_DIFFER` are those of `Identified`; a file that needs no preparation and no
    limit, and no engines to choose from, says so by
    `prepare, most_models, engine = no_preparation, no_limit, no_choice`; one whose steps or layers are not known before
    a trial runs, or that has one step and no layers, by `not_known`, `only_step_0` and `no_layers`."""

    @property
    def MEASURES(self) -> Mapping[str, tuple[str, ...]]:
        """What is measured in any case, whatever a sweep file asks for besides: the splits of each measure, which are
        "train", "test" or ""."""

    @property
    def STEP(self) -> str:
        """What figures call a step of this experiment, such as "epoch"."""

    def recorded_steps(self, settings: ExperimentT, /) -> Sequence[int] | None:
        """The steps that a trial records which runs to its end, ascending; None where that is known only then."""

    def recorded_layers(self, settings: ExperimentT, /) -> Sequence[str] | None:
        """The layers of which measures may be recorded; None where that is not known before a trial runs."""

    def cost(self, settings: ExperimentT, /) -> float:
        """Floating-point operations of one trial, roughly: bundles are packed by it."""

    def seconds(self, settings: ExperimentT, device: str, /) -> Seconds:
        """How long a trial takes that runs to its last step, for `sweep plan`: what was measured here corrects it."""

    def run(
        self, trials: Sequence[Trial[ExperimentT]], device: str, resume: dict[str, Any] | None, /
    ) -> Iterator[Progress]:
        """Runs the trials of a bundle, from the start or from the `state()` of an earlier Progress.

        Yields after every step that is measured; the last Progress of each trial says how it ended.
        """

    def prepare(self, trials: Sequence[Trial[ExperimentT]], /) -> str:
        """Called once before any worker starts: fetches and checks what the trials need; returns a note or "".

        Raises ValueError where settings and data do not fit, FileNotFoundError where data cannot be had.
        """

    def most_models(self, settings: ExperimentT, free: int, /) -> int | None:
        """Trials of this shape that fit into one bundle on a GPU with `free` bytes; None where there is no limit."""

    def engine(self, settings: ExperimentT, device: str, /) -> Choice | None:
        """The engine that trains trials of this shape on a device, "cpu" or "cuda"; None where there is one way only.

        Loads no torch for a CPU, unless the experiment or a net of the user's own does."""


class BoundedMeasures(Protocol):
    """What an experiment may say besides: between which numbers the values of measures lie that it takes itself."""

    @property
    def BOUNDS(self) -> Mapping[str, tuple[float | None, float | None]]:
        """By the name of the measure; otherwise as `workers.interfaces.measure.Bounded`."""


class KeepsNetworks(Protocol[ExperimentT_contra]):
    """The part of an experiment whose trained networks are kept (`Progress.weights`) that measures them later."""

    def kept_bytes(self, settings: ExperimentT_contra, /) -> int:
        """Of the trained weights of one trial; 0 where they are not to be kept."""

    def measure_trained(
        self, trials: Sequence[Trial[ExperimentT_contra]], weights: Trained, steps: Sequence[int], device: str, /
    ) -> tuple[list[Row], About]:
        """What the settings of these trials ask to measure, of their trained networks; training nothing.

        weights: in the order of the trials. steps: at which each of them ended. Returned besides: what is known
        of the provenance.
        """


def no_preparation(trials: Sequence[Trial]) -> str:
    """`prepare` of an experiment that needs no data."""
    return ""


def no_limit(settings: Frozen, free: int) -> None:
    """`most_models` of an experiment whose bundles take no memory to speak of on a GPU."""


def no_choice(settings: Frozen, device: str) -> None:
    """`engine` of an experiment that computes in one way only."""


def not_known(settings: Frozen) -> None:
    """`recorded_steps` or `recorded_layers` of an experiment where only a trial that has run tells."""
    return None


def only_step_0(settings: Frozen) -> tuple[int]:
    """`recorded_steps` of an experiment that is one computation."""
    return (0,)


def no_layers(settings: Frozen) -> tuple[()]:
    """`recorded_layers` of an experiment that measures whole networks."""
    return ()
