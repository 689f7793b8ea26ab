"""What a file of workers/data must have: labelled images. Only numpy: planning does not load torch."""

from typing import NamedTuple, Protocol

from pydantic import Field, model_validator
from typing_extensions import TypeVar

from tracking.common.plugins import Frozen
from workers.interfaces.images import Images


class Sizes(NamedTuple):
    """How much there is: training and test examples, and (H, W, K) of an image."""

    train: int
    test: int
    image: tuple[int, int, int]


class DataSettings(Frozen):
    """What every data set file's Settings have in common."""

    name: str
    train_size: int | None = Field(
        None, gt=0, description="Number of training examples: a class-balanced subset drawn by the seed; all if absent."
    )
    test_size: int | None = Field(None, gt=0, description="Number of test examples, the first ones; all if absent.")
    label_noise: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Fraction of the training labels redrawn uniformly over the classes; test labels stay.",
    )

    def sizes(self) -> Sizes | None:
        """What there is in all; None where that is not known before the data are loaded."""
        return None

    @model_validator(mode="after")
    def _all_is_a_number(self) -> "DataSettings":
        """A size that is left out becomes the number of all examples: the same work under one spelling."""
        there = self.sizes()
        if there is not None:
            _at_most("train_size", self.train_size, there.train, "training")
            _at_most("test_size", self.test_size, there.test, "test")
            known = {"train_size": self.train_size or there.train, "test_size": self.test_size or there.test}
            self.__dict__.update(known)  # a frozen model takes no assignment, and a validator returns its own instance
        return self


def _at_most(key: str, given: int | None, most: int, what: str) -> None:
    if given is not None and given > most:
        raise ValueError(f"{key} must be at most the {most} {what} examples there are, got {given}")


DatasetT = TypeVar("DatasetT", bound=DataSettings, default=DataSettings)


class Dataset(Protocol[DatasetT]):
    """A data set."""

    @property
    def Settings(self) -> type[DatasetT]:
        """The keys below `data` in a sweep file, with `name`, the name of the file."""

    def load(self, settings: DatasetT, /) -> Images:
        """All images, the same for every seed; `train_size`, `test_size` and `label_noise` are applied later.

        Raises FileNotFoundError, saying how to get them, where they cannot be had.
        """

    def where(self) -> str:
        """Where the images of this machine come from: a path or a sentence; "" where they have to be fetched first."""
