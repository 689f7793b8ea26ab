"""Random images with random labels, for benchmarks: they can only be memorised."""

from typing import Literal

import numpy as np
from pydantic import Field

from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images, digest


class Settings(DataSettings):
    """Uniform random bytes; the numbers of images and their size are free."""

    name: Literal["synthetic"] = "synthetic"
    available: int = Field(2000, gt=0, description="Training images to make; a tenth as many test images.")
    side: int = Field(32, gt=0, description="Height and width of an image in pixels.")
    channels: int = Field(3, gt=0, description="Colour channels of an image.")
    classes: int = Field(10, gt=1, description="Number of classes.")

    def sizes(self) -> Sizes:
        image = (self.side, self.side, self.channels)
        return Sizes(self.available, max(self.available // 10, 1), image, self.classes)


def where() -> str:
    """A sentence: nothing is stored."""
    return "drawn when needed"


def load(settings: Settings) -> Images:
    """The same images for every trial of the same settings: they depend on no seed."""
    rng = np.random.Generator(np.random.PCG64(0))
    there = settings.sizes()
    test = there.test
    shape = (there.train + test, *there.image)
    x = rng.integers(0, 256, shape, dtype=np.uint8)
    y = rng.integers(0, settings.classes, len(x))
    parts = x[:-test], y[:-test], x[-test:], y[-test:]
    return Images(*parts, classes=settings.classes, title="synthetic images", digest=digest(*parts))
