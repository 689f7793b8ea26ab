"""What a file of workers/data must have: labelled images. Only numpy: planning does not load torch."""

from typing import Literal, NamedTuple, Protocol

from pydantic import Field, model_validator
from typing_extensions import TypeVar

from tracking.common.errors import SweepError
from tracking.common.named_files.plugins import Frozen
from tracking.common.named_files.user_files import current
from tracking.common.text import count_of
from workers.interfaces.images import Images

Inputs = Literal["original", "shuffled_pixels", "random_pixels", "gaussian"]
NoiseTo = Literal["any", "other"]
Normalize = Literal["half", "per_channel", "none"]
Augmentation = Literal["flip", "crop"]


class Sizes(NamedTuple):
    """How much there is: training and test examples, (H, W, K) of an image, classes; and what an image is made of."""

    train: int
    test: int
    image: tuple[int, int, int]
    classes: int
    numbers: Literal["uint8", "float32"] = "uint8"


class DataSettings(Frozen):
    """What every data set file's Settings have in common."""

    name: str
    train_size: int | None = Field(
        None, gt=0, description="Number of training examples: a class-balanced subset drawn by the seed; all if absent."
    )
    test_size: int | None = Field(None, gt=0, description="Number of test examples, the first ones; all if absent.")
    label_noise: float = Field(
        0.0, ge=0, le=1, description="Fraction of the training labels that are redrawn uniformly, by the seed."
    )
    label_noise_to: NoiseTo = Field(
        "any", description="What a label becomes: any of the classes, its own among them, or one of the other classes."
    )
    test_label_noise: bool = Field(False, description="Whether as many of the test labels are redrawn, too.")
    inputs: Inputs = Field(
        "original",
        description="What is trained and tested on: the images; or, by the seed, their pixels in an order that is the "
        "same for all images (shuffled_pixels) or another for each (random_pixels); or noise with the mean and "
        "variance of each channel (gaussian). Zhang et al. (2017), Section 2.",
    )
    normalize: Normalize = Field(
        "half",
        description="What networks see of a byte x: x / 127.5 - 1 (half), x less the mean of its channel over all "
        "training images divided by the standard deviation (per_channel), or x (none). Float images are normalised "
        "by per_channel only.",
    )
    augment: tuple[Augmentation, ...] = Field(
        (),
        description="Changes of the training images, drawn anew in every epoch by the seed: flip mirrors left to right "
        "with probability 1/2, crop cuts a window of the image's size out of the image with 4 zeros on every side.",
    )

    def sizes(self) -> Sizes | None:
        """What there is in all; None where that is not known before the data are loaded.

        Raises ValueError, saying what is wrong, for data of which these settings are no good description.
        """
        return None

    def _said_sizes(self) -> Sizes | None:
        """The sizes. What the code of a user's own file raises is what is wrong with it, and no end of the program."""
        try:
            return self.sizes()
        except (ValueError, SweepError):
            raise
        except Exception as error:
            remedy = current().without_data
            what = f"sizes() of data '{self.name}' raises {type(error).__name__}: {error}"
            raise ValueError(f"{what}; {remedy}" if remedy and isinstance(error, OSError) else what) from error

    @model_validator(mode="after")
    def _all_is_a_number(self) -> "DataSettings":
        """A size that is left out becomes the number of all examples: the same work under one spelling."""
        self.__dict__["augment"] = tuple(sorted(set(self.augment)))  # a frozen model takes no assignment
        there = self._said_sizes()
        if there is not None:
            _at_most("train_size", self.train_size, there.train, "training")
            _at_most("test_size", self.test_size, there.test, "test")
            known = {"train_size": self.train_size or there.train, "test_size": self.test_size or there.test}
            self.__dict__.update(known)  # and a validator returns its own instance
            if self.augment and there.image[:2] == (1, 1):
                raise ValueError(f"augment needs images of more than one pixel, got {', '.join(self.augment)} of 1x1")
        return self


def _at_most(key: str, given: int | None, most: int, what: str) -> None:
    if given is not None and given > most:
        raise ValueError(f"{key} must be at most the {count_of(most, f'{what} example')} there are, got {given}")


DatasetT = TypeVar("DatasetT", bound=DataSettings, default=DataSettings)


class Dataset(Protocol[DatasetT]):
    """A data set."""

    @property
    def Settings(self) -> type[DatasetT]:
        """The keys below `data` in a sweep file, with `name`, the name of the file."""

    def load(self, settings: DatasetT, /) -> Images:
        """All images, the same for every seed, unnormalised. What all data sets have in common, from `train_size` to
        `augment`, is applied later.

        Raises FileNotFoundError, saying how to get them, where they cannot be had.
        """

    def where(self) -> str:
        """Where the images of this machine come from: a path or a sentence; "" where they have to be fetched first."""
