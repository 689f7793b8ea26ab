"""Inputs in place of the images, drawn from a trial's seed: shuffled pixels, random pixels, Gaussian noise.

Zhang, Bengio, Hardt, Recht and Vinyals, "Understanding deep learning requires rethinking generalization" (2017),
Section 2. A pixel moves with all of its channels; the features of an image of one pixel move by themselves.

N images, H W height and width, K channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workers.interfaces.dataset import Inputs
from workers.interfaces.images import Images, Pixels
from workers.runtime import seeds
from workers.training.examples.normalize import moments

if TYPE_CHECKING:
    from jaxtyping import Shaped

SPLITS = ("train", "test")
NAMES = {"shuffled_pixels": "shuffled pixels", "random_pixels": "random pixels", "gaussian": "Gaussian inputs"}


def title(data: str, kind: Inputs) -> str:
    """What figures write of data with such inputs."""
    return data if kind == "original" else f"{data}, {NAMES[kind]}"


def replaced(
    images: Images, chosen: Shaped[Pixels, "N H W K"], kind: Inputs, split: str, seed: int
) -> Shaped[Pixels, "N H W K"]:
    """Inputs in place of the `chosen` images of a split. Those in place of the first images do not depend on how many
    follow, so that nested subsets of the training set share them.

    shuffled_pixels: one permutation for all images of both splits. random_pixels: another one for each image. gaussian:
    independent numbers, with the mean and variance of each channel of the training images as networks see them.
    """
    if kind == "original":
        return chosen
    if kind == "gaussian":
        return _gaussian(images, chosen.shape, seeds.generator(seed, "inputs", SPLITS.index(split)))
    n, h, w, k = chosen.shape
    pixels = chosen.reshape(n, h * w, k) if h * w > 1 else chosen.reshape(n, k, 1)
    if kind == "shuffled_pixels":
        order = seeds.generator(seed, "inputs").permutation(pixels.shape[1])
        return np.ascontiguousarray(pixels[:, order]).reshape(chosen.shape)
    rng = seeds.generator(seed, "inputs", SPLITS.index(split))
    orders = rng.permuted(np.tile(np.arange(pixels.shape[1]), (n, 1)), axis=1)
    return np.take_along_axis(pixels, orders[..., None], axis=1).reshape(chosen.shape)


def _gaussian(images: Images, shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    mean, deviation = moments(images.train_x)
    if images.train_x.dtype == np.uint8:  # the numbers that networks see of bytes
        divide, subtract = (np.asarray(n) for n in (images.scaling.divide, images.scaling.subtract))
        mean, deviation = mean / divide - subtract, deviation / divide
    drawn = rng.standard_normal(shape, dtype=np.float32)
    drawn *= deviation.astype(np.float32)
    drawn += mean.astype(np.float32)
    return drawn
