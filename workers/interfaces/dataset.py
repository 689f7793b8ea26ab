"""What a file of workers/data must have: labelled images. Numpy only: planning must not wait for torch."""

from typing import Protocol

from pydantic import Field
from typing_extensions import TypeVar

from tracking.common.plugins import Frozen
from workers.interfaces.images import Images


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
