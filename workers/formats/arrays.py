"""Arrays of labelled examples from a file of the user's: what they must be, and what they are to networks.

N examples, H W height and width, K channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.common.text import count_of
from workers.interfaces.dataset import Sizes
from workers.interfaces.images import Images, Pixels, digest

if TYPE_CHECKING:
    from jaxtyping import Shaped

Array = NDArray[Any]  # as a file has it


class Header(NamedTuple):
    """What is known of an array before it is read: what messages call it, its shape and its type."""

    what: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Split(NamedTuple):
    """One split before its images are read."""

    images: Header
    labels: Array
    labels_are: str  # what messages call the labels


def sizes(train: Split, test: Split, classes: int | None) -> Sizes:
    """How much there is. classes: None where the largest label says it.

    Raises ValueError for images and labels that do not fit each other, labels that are no classes, and fewer than two
    classes.
    """
    for split in (train, test):
        _one_label_an_image(split)
    shapes = [image_shape(split.images) for split in (train, test)]
    if shapes[0] != shapes[1] or numbers(train.images) != numbers(test.images):
        one, other = (f"{s.images.what} has {_shown(s.images)}" for s in (train, test))
        raise ValueError(f"{one}, {other}; training and test images must be of the same shape and type")
    largest = max(int(split.labels.max()) for split in (train, test))
    for split in (train, test):
        _in_range(split, classes)
    smallest = min(int(split.labels.min()) for split in (train, test))
    if classes is None and smallest == 1:
        what = f"labels in {train.labels_are} and {test.labels_are} begin at 1"
        raise ValueError(f"{what}: number them from 0, as by y - 1, or set classes to {largest + 1} if 0 is a class")
    found = classes or largest + 1
    if found < 2:
        raise ValueError(f"all labels in {train.labels_are} and {test.labels_are} are 0; there must be two classes")
    return Sizes(len(train.labels), len(test.labels), shapes[0], found, numbers(train.images))


def image_shape(header: Header) -> tuple[int, int, int]:
    """(H, W, K) of an image: vectors (N, K) are images of one pixel, matrices (N, H, W) of one channel."""
    match header.shape:
        case (_, k):
            shape = (1, 1, k)
        case (_, h, w):
            shape = (h, w, 1)
        case (_, 1 | 3 as k, h, w) if h == w > 4:
            what = f"{header.what} has the shape {header.shape}, which is {k} x {h} pixels of {w} channels"
            raise ValueError(f"{what}; channels come last: use x.transpose(0, 2, 3, 1)")
        case (_, h, w, k):
            shape = (h, w, k)
        case _:
            raise ValueError(
                f"{header.what} must be (N, features), (N, H, W) or (N, H, W, channels), got {header.shape}"
            )
    if min(header.shape) < 1:
        raise ValueError(f"{header.what} is empty: its shape is {header.shape}")
    return shape


def numbers(header: Header) -> Literal["uint8", "float32"]:
    """What the images are kept as. Raises ValueError for what are neither bytes nor floats."""
    if header.dtype == np.uint8:
        return "uint8"
    if header.dtype.kind == "f":
        return "float32"
    raise ValueError(
        f"{header.what} must be uint8 (0 to 255) or floating-point numbers, got {header.dtype}; "
        "convert it, as by x.astype('uint8')"
    )


def loaded(parts: tuple[Array, Array, Array, Array], known: Sizes, title: str, what: tuple[str, str]) -> Images:
    """Images of training images and labels, test images and labels, of which `known` was found before.

    what: what messages call the images of each split. Raises ValueError for numbers that are not finite.
    """
    train_x, train_y, test_x, test_y = parts
    images = [_images(x, known, name) for x, name in zip((train_x, test_x), what, strict=True)]
    arrays = images[0], train_y.astype(np.int64), images[1], test_y.astype(np.int64)
    return Images(*arrays, classes=known.classes, title=title, digest=digest(*arrays))


def _images(x: Array, known: Sizes, what: str) -> Shaped[Pixels, "N H W K"]:
    images: Pixels = np.ascontiguousarray(x, dtype=np.uint8 if known.numbers == "uint8" else np.float32)
    images = images.reshape(len(x), *known.image)
    if known.numbers == "float32" and not (finite := np.isfinite(images).all((1, 2, 3))).all():
        bad, first = int((~finite).sum()), int(np.argmin(finite))
        raise ValueError(
            f"{what} has numbers that are not finite, in {bad} of {count_of(len(x), 'example')}, the first at "
            f"index {first}; leave those examples out or replace the numbers"
        )
    return images


def _one_label_an_image(split: Split) -> None:
    if split.labels.ndim != 1:
        one_hot = split.labels.ndim == 2 and split.labels.shape[1] > 1
        remedy = "; labels with a column for each class are converted by y.argmax(1)" if one_hot else ""
        raise ValueError(f"{split.labels_are} must be (N,), one label an example, got {split.labels.shape}{remedy}")
    if split.labels.dtype.kind not in "iu":
        raise ValueError(
            f"{split.labels_are} must be integers from 0 to classes - 1, got {split.labels.dtype}; {_as_classes(split)}"
        )
    if split.images.shape[:1] != split.labels.shape:
        count = split.images.shape[0] if split.images.shape else 0
        examples, labels = count_of(count, "example"), count_of(len(split.labels), "label")
        raise ValueError(
            f"{split.images.what} has {examples} and {split.labels_are} {labels}; each example needs one label"
        )
    image_shape(split.images)


def _as_classes(split: Split) -> str:
    """What to do with labels that are no integers."""
    labels = split.labels
    if labels.dtype.kind not in "fb":
        return "number them, as by numpy.unique(y, return_inverse=True)[1]"
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        return "they are numbers and no classes: regression is not supported"
    return "convert it, as by y.astype('int64')"


def _in_range(split: Split, classes: int | None) -> None:
    low, high = int(split.labels.min()), int(split.labels.max())
    if low < 0 or (classes is not None and high >= classes):
        end = "classes - 1" if classes is None else str(classes - 1)
        raise ValueError(f"{split.labels_are} must be from 0 to {end}, got {low} to {high}")


def _shown(header: Header) -> str:
    return f"{' x '.join(map(str, header.shape[1:]))} {header.dtype}"
