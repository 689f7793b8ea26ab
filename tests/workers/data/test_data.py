"""Data sets: read in every layout they come in, identified by their bytes, never by running code from a file."""

import functools
import hashlib
import http.server
import io
import pickle
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pydantic import ValidationError

from tracking.common.whole_files import replacing
from workers import plugins
from workers.data import cifar10, digits, synthetic
from workers.runtime import cache

TRAIN, TEST = 50, 10
X = np.random.default_rng(0).integers(0, 256, (TRAIN + TEST, 32, 32, 3), dtype=np.uint8)
Y = np.arange(TRAIN + TEST) % 10


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SWEEP_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def official(folder: Path) -> Path:
    """The layout of cifar-10-python.tar.gz, with 10 images a batch."""
    inner = folder / "cifar-10-batches-py"
    inner.mkdir()
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    for i, name in enumerate(names):
        part = slice(10 * i, 10 * i + 10)
        content = {b"data": X[part].transpose(0, 3, 1, 2).reshape(10, -1), b"labels": Y[part].tolist()}
        (inner / name).write_bytes(pickle.dumps(content, protocol=2))
    return inner


def parquet(folder: Path, kind: str) -> None:
    """The layout of the Hugging Face hub."""
    for name, part in (("train", slice(0, TRAIN)), ("test", slice(TRAIN, None))):
        images = []
        for x in X[part]:
            out = io.BytesIO()
            Image.fromarray(x).save(out, kind)
            images.append({"bytes": out.getvalue(), "path": None})
        pq.write_table(pa.table({"img": images, "label": Y[part]}), folder / f"{name}-00000-of-00001.parquet")


def test_the_official_folder(places: Path) -> None:
    official(places)
    found = cifar10.load(cifar10.Settings())
    assert np.array_equal(found.train_x, X[:TRAIN]) and np.array_equal(found.test_x, X[TRAIN:])
    assert np.array_equal(found.train_y, Y[:TRAIN]) and found.title == "CIFAR-10"


def test_parquet_holds_the_same_images_with_the_same_digest(places: Path) -> None:
    parquet(places, "PNG")
    from_parquet = cifar10.load(cifar10.Settings())
    again = cifar10.load(cifar10.Settings())  # from the decoded copy
    for file in places.iterdir():
        file.unlink()
    official(places)
    assert from_parquet.digest == again.digest == cifar10.load(cifar10.Settings()).digest
    assert from_parquet.title == "CIFAR-10"


def test_re_encoded_images_say_so_and_have_another_digest(places: Path) -> None:
    parquet(places, "JPEG")
    found = cifar10.load(cifar10.Settings())
    official(places)
    assert found.title == "CIFAR-10 (JPEG re-encoded)"
    assert found.digest != cifar10.load(cifar10.Settings()).digest


def test_an_archive_that_is_not_the_published_one_is_refused(places: Path) -> None:
    inner = official(places)
    with tarfile.open(places / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(inner, arcname=inner.name)
    for file in inner.iterdir():
        file.unlink()
    with pytest.raises(ValueError, match=r"damaged: its MD5 is [0-9a-f]+, the published one is c58f30"):
        cifar10.load(cifar10.Settings())


class Canary:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code from a data file was run')",)


def test_code_in_a_batch_is_not_run(places: Path) -> None:
    inner = official(places)
    (inner / "data_batch_3").write_bytes(pickle.dumps({b"data": Canary()}))
    with pytest.raises(ValueError, match=r"asks for builtins\.exec"):
        cifar10.load(cifar10.Settings())


def test_two_processes_never_hold_the_lock_at_once(tmp_path: Path) -> None:
    """Four processes count in one file: whoever counts beside another loses a number."""
    code = """
import pathlib, sys
from workers.runtime import cache
count = pathlib.Path(sys.argv[1])
for _ in range(500):
    with cache.lock("test"):
        count.write_text(str(int(count.read_text()) + 1))
"""
    (tmp_path / "count").write_text("0")
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "count")]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert int((tmp_path / "count").read_text()) == 4 * 500


def test_a_half_written_copy_is_never_seen(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    with pytest.raises(KeyError), replacing(target) as (temporary,):
        temporary.write_bytes(b"half")
        raise KeyError
    assert list(tmp_path.glob("*copy*")) == []


FROM_FILES = {"cifar10", "cifar100", "fashion_mnist", "mnist", "npz", "parquet", "svhn"}


@pytest.mark.parametrize("name", sorted(set(plugins.DATASETS.names()) - FROM_FILES))
def test_every_data_set_is_whole_and_always_the_same(name: str) -> None:
    module = plugins.DATASETS.load(name)
    one, two = module.load(module.Settings()), module.load(module.Settings())
    assert one.digest == two.digest and one.title
    there = module.Settings().sizes()
    assert there[2:] == (one.train_x.shape[1:], one.classes, str(one.train_x.dtype))
    pool = there.train + there.test
    assert (pool, pool, there.train) == (len(one.train_y), len(one.test_y), one.divided) or one.divided is None
    assert there[:2] == (len(one.train_y), len(one.test_y)) or one.divided is not None
    for x, y in ((one.train_x, one.train_y), (one.test_x, one.test_y)):
        assert x.dtype in (np.uint8, np.float32) and x.ndim == 4 and y.dtype == np.int64 and len(x) == len(y) > 0
        assert set(np.unique(y)) == set(range(one.classes))


def test_the_digits_are_those_that_scikit_learn_loads() -> None:
    """They are read from its file, without importing it."""
    from sklearn.datasets import load_digits

    raw, read = load_digits(), np.loadtxt(digits.file(), delimiter=",")
    np.testing.assert_array_equal(read, np.column_stack([raw.data, raw.target]))


@pytest.mark.parametrize(("key", "most"), [("train_size", 1297), ("test_size", 500)])
def test_more_examples_than_there_are_cannot_be_asked_for(key: str, most: int) -> None:
    assert digits.Settings.model_validate({key: most})
    with pytest.raises(ValidationError, match=f"{key} must be at most the {most:,} .* got {most + 1}"):
        digits.Settings.model_validate({key: most + 1})


def test_synthetic_images_of_another_size_have_another_digest() -> None:
    small = synthetic.load(synthetic.Settings(side=8, channels=1, available=100))
    assert small.train_x.shape == (100, 8, 8, 1) and len(small.test_x) == 10
    assert small.digest != synthetic.load(synthetic.Settings()).digest


@pytest.fixture
def published(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A real web server on this machine, with one file; its address and the file."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "data.bin").write_bytes(b"as published")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/data.bin", folder / "data.bin"
        server.shutdown()


def test_a_download_is_there_whole_or_not_at_all(published: tuple[str, Path], tmp_path: Path) -> None:
    address, source = published
    md5 = hashlib.md5(source.read_bytes()).hexdigest()
    target = tmp_path / "kept.bin"
    with pytest.raises(ValueError, match="the published one is 0000"):
        cache.fetch(address, target, "0000")
    with pytest.raises(OSError, match="404"):
        cache.fetch(address + "x", target, md5)
    assert list(tmp_path.glob("*kept*")) == [] and list(tmp_path.glob(".*")) == []
    cache.fetch(address, target, md5)
    assert target.read_bytes() == b"as published"
