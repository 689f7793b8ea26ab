"""CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test colour images of 32x32 pixels in 10 classes.

Looked for in $SWEEP_DATA, then in the user's cache folder, in three forms: the official archive
cifar-10-python.tar.gz, the folder cifar-10-batches-py extracted from it, or a folder of Parquet files in the layout
of the Hugging Face hub (columns img.bytes, label). Found nowhere, the archive is downloaded from its home
page into the cache, and its digest checked. Parquet images are decoded once per machine and kept beside the cache.
"""

import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Bytes, Images, Labels, digest
from workers.runtime import cache

ARCHIVE, FOLDER = "cifar-10-python.tar.gz", "cifar-10-batches-py"
HOME = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
MD5 = "c58f30108f718f92721af3b95e74349a"  # of the official archive, as published on its home page

Parts = tuple[Bytes, Labels, Bytes, Labels]  # training images and labels, test images and labels


class Settings(DataSettings):
    """CIFAR-10: 50,000 training and 10,000 test images, 32x32x3, 10 classes."""

    name: Literal["cifar10"] = "cifar10"

    def sizes(self) -> Sizes:
        return Sizes(50_000, 10_000, (32, 32, 3), 10)


def load(settings: Settings) -> Images:
    """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
    with cache.lock("cifar10"):
        return _read(_here() or _download())


def where() -> str:
    """The path on this machine; "" where they would have to be downloaded."""
    return str(_here() or "")


def _here() -> Path | None:
    for place in (place / sub for place in cache.places() for sub in ("", "cifar10")):
        if (place / FOLDER / "data_batch_1").is_file():
            return place / FOLDER
        if (place / ARCHIVE).is_file():
            return place / ARCHIVE
        if list(place.glob("train*.parquet")) and list(place.glob("test*.parquet")):
            return place
    return None


def _download() -> Path:
    kept = cache.folder() / ARCHIVE
    try:
        cache.fetch(HOME, kept, MD5)
    except (OSError, ValueError) as error:
        raise FileNotFoundError(_how_to_get_it(error)) from error
    return kept


def _how_to_get_it(error: Exception) -> str:
    looked = ", ".join(str(p) for p in cache.places())
    return (
        f"CIFAR-10 is in none of {looked}, and downloading it failed ({type(error).__name__}: {str(error)[:200]}). "
        f"Put {ARCHIVE}, the folder {FOLDER}, or Parquet files with columns img and label into a folder and name "
        "that folder in SWEEP_DATA; or try a sweep on digits, which need no download (--debug)."
    )


def _read(path: Path) -> Images:
    if path.name == ARCHIVE:
        cache.check_md5(path, MD5)
        with tarfile.open(path) as archive:
            parts = _batches(lambda name: archive.extractfile(f"{FOLDER}/{name}"))
        return _images(parts, "CIFAR-10")
    if path.name == FOLDER:
        parts = _batches(lambda name: (path / name).open("rb"))
        return _images(parts, "CIFAR-10")
    return _parquet(path)


def _batches(opened: Callable[[str], IO[bytes] | None]) -> Parts:
    train = [_batch(opened(f"data_batch_{i}")) for i in range(1, 6)]
    test_x, test_y = _batch(opened("test_batch"))
    return np.concatenate([x for x, _ in train]), np.concatenate([y for _, y in train]), test_x, test_y


class _ArraysOnly(pickle.Unpickler):
    """Reads the official batches, which are pickles, without running code: only numpy arrays are let through."""

    allowed = frozenset({"_reconstruct", "ndarray", "dtype", "encode"})

    def find_class(self, module: str, name: str) -> Any:
        if name not in self.allowed or module.split(".")[0] not in {"numpy", "_codecs"}:
            raise ValueError(f"CIFAR-10 batch asks for {module}.{name}, which no batch of images needs")
        return super().find_class(module, name)


def _batch(file: IO[bytes] | None) -> tuple[Bytes, Labels]:
    assert file is not None  # a member of the archive that is a file
    with file:
        raw = _ArraysOnly(file, encoding="bytes").load()
    x = np.ascontiguousarray(raw[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return x, np.asarray(raw[b"labels"], dtype=np.int64)


def _parquet(folder: Path) -> Images:
    files = sorted([*folder.glob("train*.parquet"), *folder.glob("test*.parquet")])
    kept = cache.folder() / f"cifar10-{cache.fingerprint(files)}.npz"
    if not kept.exists():
        train, test = (_decode(sorted(folder.glob(f"{part}*.parquet"))) for part in ("train", "test"))
        jpeg = train[2] or test[2]
        with cache.replacing(kept) as temporary, temporary.open("wb") as out:
            np.savez(out, *train[:2], *test[:2], np.array(jpeg))
    with np.load(kept, allow_pickle=False) as arrays:
        train_x, train_y, test_x, test_y, jpeg = (arrays[f"arr_{i}"] for i in range(5))
    return _images((train_x, train_y, test_x, test_y), "CIFAR-10 (JPEG re-encoded)" if jpeg else "CIFAR-10")


def _images(parts: Parts, title: str) -> Images:
    return Images(*parts, classes=10, title=title, digest=digest(*parts))


def _decode(files: list[Path]) -> tuple[Bytes, Labels, bool]:
    """Images, labels, and whether any image is stored as JPEG."""
    import pyarrow.parquet as pq
    from PIL import Image

    images, labels, jpeg = [], [], False
    for file in files:
        table = pq.read_table(file)
        labels += table["label"].to_pylist()
        for item in table["img"].to_pylist():
            image = Image.open(io.BytesIO(item["bytes"]))
            jpeg |= image.format == "JPEG"
            images.append(np.asarray(image.convert("RGB")))
    return np.stack(images), np.asarray(labels, dtype=np.int64), jpeg
