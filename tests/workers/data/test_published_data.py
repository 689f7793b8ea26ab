"""Published data sets, from small files of the same formats; and data sets that are computed."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.support.networks import small_trials
from tests.support.networks.trained import run
from workers.data import cifar100, fashion_mnist, mnist, modular, svhn, teacher
from workers.formats import idx
from workers.formats.published import File
from workers.training.examples.selection import Examples

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (15, 28, 28), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (15, 32, 32, 3), dtype=np.uint8)
LABELS = np.arange(15) % 10


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SWEEP_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def as_idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, idx.BYTES, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def written(folder: Path) -> None:
    """Ten training and five test examples in the four files of MNIST, without .gz."""
    folder.mkdir(parents=True)
    for name, part in zip(idx.FILES, (GREY[:10], LABELS[:10], GREY[10:], LABELS[10:]), strict=True):
        (folder / name.removesuffix(".gz")).write_bytes(as_idx(part))


@pytest.mark.parametrize(
    ("module", "below"), [(mnist, "mnist"), (mnist, "MNIST/raw"), (fashion_mnist, "fashion_mnist")]
)
def test_idx_files_are_read_from_either_folder(places: Path, module: type[mnist], below: str) -> None:
    written(places / below)
    found = module.load(module.Settings())
    assert (found.train_x[..., 0] == GREY[:10]).all() and (found.test_y == LABELS[10:]).all()
    assert found.train_x.shape[1:] == module.Settings().sizes().image and "MNIST" in found.title
    assert module.where() == str(places / below)


def test_compressed_files_must_be_the_published_ones(places: Path) -> None:
    written(places / "mnist")
    file = places / "mnist" / idx.FILES[0]
    file.write_bytes(gzip.compress(as_idx(GREY[:10])))
    assert (idx.read(file) == GREY[:10]).all()
    with pytest.raises(ValueError, match=r"damaged: its MD5 is .*, the published one is f68b3c2d"):
        mnist.load(mnist.Settings())


def test_what_is_no_idx_file_or_is_cut_short_is_refused(places: Path) -> None:
    file = places / "labels"
    file.write_bytes(b"<html>")
    with pytest.raises(ValueError, match="is no idx file of bytes: it begins with 3c6874, expected 000008"):
        idx.read(file)
    file.write_bytes(as_idx(LABELS)[:-1])
    with pytest.raises(ValueError, match="has 14 values, expected 15; get it again"):
        idx.read(file)


def test_what_is_not_here_and_cannot_be_downloaded_says_how_to_get_it(places: Path) -> None:
    nowhere = replace(svhn.SVHN, home="http://127.0.0.1:9/")
    with pytest.raises(FileNotFoundError, match=r"SVHN is in none of .*/data/svhn, .*train_32x32.mat.*SWEEP_DATA"):
        nowhere.get()
    assert svhn.where() == ""


def test_files_of_house_numbers_are_read(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digit 0 has the label 10 in them."""
    (places / "svhn").mkdir()
    files = []
    for name, part in (("train_32x32.mat", slice(0, 10)), ("test_32x32.mat", slice(10, 15))):
        path = places / "svhn" / name
        y = np.where(LABELS[part] == 0, 10, LABELS[part]).astype(np.uint8)
        savemat(path, {"X": COLOUR[part].transpose(1, 2, 3, 0), "y": y[:, None]})
        files.append(File(name, hashlib.md5(path.read_bytes()).hexdigest()))
    monkeypatch.setattr(svhn, "SVHN", replace(svhn.SVHN, files=tuple(files)))
    found = svhn.load(svhn.Settings())
    assert (found.train_x == COLOUR[:10]).all() and (found.test_x == COLOUR[10:]).all()
    assert (found.train_y == LABELS[:10]).all() and (found.test_y == LABELS[10:]).all()


def binary(part: slice) -> bytes:
    """Records of CIFAR-100: the superclass, the class, the pixels channel by channel."""
    pixels = COLOUR[part].transpose(0, 3, 1, 2).reshape(-1, 3072)
    return np.column_stack([LABELS[part] * 0, LABELS[part], pixels]).astype(np.uint8).tobytes()


def python(part: slice) -> bytes:
    pixels = COLOUR[part].transpose(0, 3, 1, 2).reshape(-1, 3072)
    return pickle.dumps({b"data": pixels, b"fine_labels": LABELS[part].tolist()}, protocol=2)


def test_the_binary_and_the_python_form_of_cifar_100_are_the_same_images(places: Path) -> None:
    digests = set()
    for folder, names, content in (
        ("cifar-100-binary", ("train.bin", "test.bin"), binary), ("cifar-100-python", ("train", "test"), python),
    ):  # fmt: skip
        (places / folder).mkdir()
        for name, part in zip(names, (slice(0, 10), slice(10, 15)), strict=True):
            (places / folder / name).write_bytes(content(part))
        found = cifar100.load(cifar100.Settings())
        assert (found.train_x == COLOUR[:10]).all() and (found.test_y == LABELS[10:]).all() and found.classes == 100
        digests.add(found.digest)
        (places / folder).rename(places / f"read-{folder}")
    assert len(digests) == 1


def test_an_archive_of_cifar_100_is_verified_and_read(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(places / "cifar-100-binary.tar.gz", "w:gz") as archive:
        for name, part in (("train.bin", slice(0, 10)), ("test.bin", slice(10, 15))):
            about = tarfile.TarInfo(f"cifar-100-binary/{name}")
            about.size = len(binary(part))
            archive.addfile(about, io.BytesIO(binary(part)))
    with pytest.raises(ValueError, match=r"damaged: its MD5 is .*, the published one is 03b5dce0"):
        cifar100.load(cifar100.Settings())
    md5 = hashlib.md5((places / "cifar-100-binary.tar.gz").read_bytes()).hexdigest()
    mine = replace(cifar100.CIFAR, archives=(replace(cifar100.BINARY, md5=md5),))
    monkeypatch.setattr(cifar100, "CIFAR", mine)
    assert (cifar100.load(cifar100.Settings()).train_x == COLOUR[:10]).all()


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply", "divide"])
def test_modular_arithmetic(operation: str) -> None:
    settings = modular.Settings.model_validate({"modulus": 7, "operation": operation, "encoding": "index"})
    found = modular.load(settings)
    pairs = [tuple(map(int, x.ravel())) for x in found.train_x]
    assert len(set(pairs)) == len(pairs) == (42 if operation == "divide" else 49) == sum(settings.sizes()[:2])
    for (a, b), c in zip(pairs, found.train_y.tolist(), strict=True):
        expected = {"add": a + b, "subtract": a - b, "multiply": a * b}.get(operation, a)
        assert (c * b if operation == "divide" else c) % 7 == expected % 7
    one_hot = modular.load(settings.model_copy(update={"encoding": "one_hot"}))
    assert [tuple(np.flatnonzero(x)) for x in one_hot.train_x] == [(a, 7 + b) for a, b in pairs]


def test_each_seed_divides_the_pairs_into_training_and_test_examples() -> None:
    data = {"name": "modular", "modulus": 5, "train_fraction": 0.4}
    trials = [small_trials.trial(seed, data=data, net={"name": "linear"}, epochs=2) for seed in range(2)]
    examples = Examples.of(modular.load(trials[0].settings.data), [t.settings for t in trials])
    for train, test in zip(examples.index, examples.test_index, strict=True):
        assert sorted([*train, *test]) == list(range(25)) and len(train) == 10
    assert sorted(examples.index[0]) != sorted(examples.index[1])
    assert run(trials).keys() >= {(t.id, 2, split, "error", "") for t in trials for split in ("train", "test")}


def test_a_modulus_that_is_no_prime_is_refused() -> None:
    with pytest.raises(ValueError, match="modulus must be prime, got 9"):
        modular.Settings(modulus=9)


def test_a_teacher_gives_every_class_and_another_seed_is_another_teacher() -> None:
    one, other = (teacher.load(teacher.Settings(classes=4, depth=3, teacher_seed=seed)) for seed in (0, 1))
    assert np.bincount(one.train_y, minlength=4).min() > 100
    assert one.digest != other.digest and one.train_x.shape[1:] == teacher.Settings().sizes().image


def test_a_linear_teacher_is_separated_by_a_linear_student() -> None:
    data = {"name": "teacher", "available": 60, "features": 20, "depth": 0}
    trial = small_trials.trial(data=data, net={"name": "linear"}, epochs=60, optimizer={"learning_rate": 0.5})
    assert run([trial])[trial.id, 60, "train", "error", ""] == 0
