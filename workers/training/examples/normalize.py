"""Normalisation of images: by fixed numbers, or by mean and standard deviation of each channel.

N images, H W height and width, K channels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workers.interfaces.dataset import Normalize
from workers.interfaces.images import AS_STORED, HALF, Images, Pixels, Scaling

if TYPE_CHECKING:
    from jaxtyping import Float64, Shaped
    from numpy.typing import NDArray

CHUNK = 1000  # images that are float64 numbers at a time


def normalized(images: Images, how: Normalize) -> Images:
    """The same images, normalised. Bytes stay bytes and have another `scaling`; floats are changed, except by half.

    per_channel: the mean and standard deviation of all training images of the data set, whatever subset is trained
    on, so that every trial sees an image alike. A channel that is constant is only shifted.
    """
    if how != "per_channel":
        return replace(images, scaling=HALF if how == "half" else AS_STORED)
    mean, deviation = moments(images.train_x)
    divide = np.where(deviation > 0, deviation, 1.0)
    subtract = mean / divide
    if images.train_x.dtype == np.uint8:
        return replace(images, scaling=Scaling(tuple(divide.tolist()), tuple(subtract.tolist())))
    train, test = ((x / divide - subtract).astype(np.float32) for x in (images.train_x, images.test_x))
    return replace(images, train_x=train, test_x=test)


def moments(
    x: Shaped[Pixels, "N H W K"],
) -> tuple[Float64[NDArray[np.float64], " K"], Float64[NDArray[np.float64], " K"]]:
    """Mean and standard deviation of each channel."""
    count = x[..., 0].size
    mean = sum(part.sum((0, 1, 2), dtype=np.float64) for part in _parts(x)) / count
    variance = sum(np.square(part - mean).sum((0, 1, 2)) for part in _parts(x)) / count
    return np.asarray(mean), np.sqrt(np.asarray(variance))


def _parts(x: Shaped[Pixels, "N H W K"]) -> list[Pixels]:
    return [x[i : i + CHUNK] for i in range(0, len(x), CHUNK)]
