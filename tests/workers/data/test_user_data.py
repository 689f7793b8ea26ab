"""Data in files of the user's: what is read, what is known before it is, and how every mistake is told."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pydantic import ValidationError

from tests.support.networks import small_trials
from tests.support.networks.trained import run
from tracking.common.named_files.user_files import UserFiles
from workers.data import npz, parquet
from workers.interfaces.images import Images

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (12, 5, 4, 2), dtype=np.uint8)
FLOATS = RNG.normal(size=(12, 6))
LABELS = np.arange(12) % 3


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arrays(**changes: Any) -> dict[str, Any]:
    """Eight training and four test examples; None leaves an array out."""
    made = {"train_x": BYTES[:8], "train_y": LABELS[:8], "test_x": BYTES[8:], "test_y": LABELS[8:], **changes}
    return {name: value for name, value in made.items() if value is not None}


def from_npz(path: str = "mine.npz", **settings: Any) -> Images:
    return npz.load(npz.Settings(path=path, **settings))


def saved(**changes: Any) -> Images:
    np.savez("mine.npz", **arrays(**changes))
    return from_npz()


def test_bytes_are_read_as_they_are() -> None:
    found = saved()
    assert (found.train_x == BYTES[:8]).all() and (found.test_x == BYTES[8:]).all()
    assert (found.classes, found.title, found.train_y.dtype) == (3, "mine.npz", np.int64)
    assert npz.Settings(path="mine.npz").sizes() == (8, 4, (5, 4, 2), 3, "uint8")


@pytest.mark.parametrize(("x", "shape"), [(FLOATS, (1, 1, 6)), (BYTES[..., 0], (5, 4, 1)), (BYTES, (5, 4, 2))])
def test_vectors_and_matrices_are_images(x: np.ndarray, shape: tuple[int, ...]) -> None:
    found = saved(train_x=x[:8], test_x=x[8:])
    assert found.train_x.shape == (8, *shape) and found.test_x.shape == (4, *shape)
    assert found.train_x.dtype == (np.uint8 if x.dtype == np.uint8 else np.float32)
    assert npz.Settings(path="mine.npz").sizes()[2:] == (shape, 3, str(found.train_x.dtype))


def test_classes_and_sizes_that_are_left_out_are_numbers() -> None:
    np.savez_compressed("mine.npz", **arrays(train_y=LABELS[:8].astype(np.uint8)))
    short, long = npz.Settings(path="mine.npz"), npz.Settings(path="mine.npz", classes=3, train_size=8, test_size=4)
    assert short == long and npz.Settings(path="mine.npz", classes=5).sizes().classes == 5


def trial_id(data: str, **settings: Any) -> str:
    return small_trials.trial(data={"name": data, **settings}, net={"name": "linear"}).id


def test_the_content_of_a_file_is_in_the_id_and_its_place_is_not() -> None:
    before = saved()
    one = trial_id("npz", path="mine.npz")
    np.savez("elsewhere.npz", **arrays())
    assert trial_id("npz", path="elsewhere.npz", classes=3, train_size=8) == one
    assert saved(train_x=BYTES[:8] + 1).digest != before.digest and trial_id("npz", path="mine.npz") != one
    assert saved(train_y=np.arange(8)).classes == 8


def test_a_file_that_has_changed_since_the_sweep_was_read_is_not_trained_on() -> None:
    saved()
    settings = npz.Settings(path="mine.npz")
    saved(train_x=BYTES[:8] + 1)
    with pytest.raises(ValueError, match=r"mine\.npz has the content \w{16}, expected \w{16}: it has changed since"):
        npz.load(settings)


NO_IMAGES = np.zeros((0, 5, 4, 2), np.uint8)
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "lacks": ({"test_y": None, "more": LABELS}, r"mine.npz: lacks test_y; it has more, test_x, train_x, train_y"),
    "sizes": ({"train_y": LABELS[:7]}, "train_x has 8 examples and train_y 7 labels; each example needs one label"),
    "shapes": ({"test_x": BYTES[8:, :4]}, "train_x has 5 x 4 x 2 uint8, test_x has 4 x 4 x 2 uint8; .* same shape"),
    "types": ({"test_x": BYTES[8:] / 255}, "train_x has 5 x 4 x 2 uint8, test_x has 5 x 4 x 2 float64"),
    "floats": (
        {"train_y": LABELS[:8] / 1},
        r"train_y must be integers .* got float64; convert it, .*astype\('int64'\)",
    ),
    "one-hot": (
        {"test_y": np.eye(3, dtype=int)[LABELS[8:]]},
        r"test_y must be \(N,\), .* \(4, 3\); .* y.argmax\(1\)",
    ),
    "negative": ({"test_y": LABELS[8:] - 1}, "test_y must be from 0 to classes - 1, got -1 to 1"),
    "a column": ({"test_y": LABELS[8:, None]}, r"test_y must be \(N,\), .* got \(4, 1\) "),
    "regression": ({"train_y": LABELS[:8] + 0.5}, "no classes: regression is not supported"),
    "texts": ({"train_y": np.array(list("abcabcab"))}, "number them, as by numpy.unique"),
    "from 1": ({"train_y": LABELS[:8] + 1, "test_y": LABELS[8:] + 1}, "begin at 1: .* y - 1, or set classes to 4"),
    "channels first": (
        {"train_x": np.zeros((8, 3, 6, 6), "uint8"), "test_x": np.zeros((4, 3, 6, 6), "uint8")},
        r"3 x 6 pixels of 6 channels; channels come last: use x.transpose\(0, 2, 3, 1\)",
    ),
    "one class": ({"train_y": LABELS[:8] * 0, "test_y": LABELS[8:] * 0}, "train_y and test_y are 0; there must be two"),
    "integers": ({"train_x": BYTES[:8].astype(int)}, r"train_x must be uint8 .* got int64; convert it"),
    "objects": ({"train_y": LABELS[:8].astype(object)}, "train_y holds Python objects, which are not read"),
    "dimensions": ({"train_x": BYTES[:8].ravel()[:8]}, r"train_x must be \(N, features\), .* got \(8,\)"),
    "empty": ({"train_x": NO_IMAGES, "train_y": LABELS[:0]}, r"train_x is empty: its shape is \(0, 5, 4, 2\)"),
}


@pytest.mark.parametrize(("changes", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_arrays_that_are_no_examples_are_refused_before_anything_runs(changes: dict[str, Any], message: str) -> None:
    np.savez("mine.npz", **arrays(**changes))
    with pytest.raises(ValidationError, match=f"path\n.*{message}"):
        npz.Settings(path="mine.npz")


def test_numbers_that_are_not_finite_are_found_when_they_are_read() -> None:
    broken = FLOATS[:8].copy()
    broken[[2, 5], 3] = np.nan, np.inf
    message = "mine.npz: train_x has numbers that are not finite, in 2 of 8 examples, the first at index 2; leave"
    with pytest.raises(ValueError, match=message):
        saved(train_x=broken, test_x=FLOATS[8:])


def test_more_than_there_is_cannot_be_asked_for() -> None:
    np.savez("mine.npz", **arrays())
    with pytest.raises(ValidationError, match="train_size must be at most the 8 training examples there are, got 9"):
        npz.Settings(path="mine.npz", train_size=9)
    with pytest.raises(ValidationError, match="train_y must be from 0 to 1, got 0 to 2"):
        npz.Settings(path="mine.npz", classes=2)
    with pytest.raises(ValidationError, match="augment needs images of more than one pixel"):
        np.savez("vectors.npz", **arrays(train_x=FLOATS[:8], test_x=FLOATS[8:]))
        npz.Settings(path="vectors.npz", augment=("flip",))


@pytest.mark.parametrize("settings", [npz.Settings, parquet.Settings])
def test_what_is_no_such_file_is_refused(settings: Callable[..., Any], folder: Path) -> None:
    (folder / "text").write_text("no data")
    with pytest.raises(ValidationError, match="nowhere does not exist; a path begins at the folder of"):
        settings(path="nowhere")
    with pytest.raises(ValidationError, match=r"is no file"):
        settings(path=str(folder))
    with pytest.raises(ValidationError, match=r"text:? is no (\.npz|Parquet) file"):
        settings(path="text")


def test_paths_begin_at_the_folder_of_the_sweep_file(folder: Path) -> None:
    (folder / "deep").mkdir()
    np.savez("deep/mine.npz", **arrays())
    with UserFiles.beside("deep/sweep.yaml").active():
        assert from_npz().classes == 3
        settings = npz.Settings(path="mine.npz")
    assert settings.sizes().classes == pickle.loads(pickle.dumps(settings)).sizes().classes == 3
    with pytest.raises(ValidationError, match="does not exist"):
        from_npz()


def test_networks_train_on_floats_of_any_number_of_channels_and_classes() -> None:
    x, y = RNG.normal(size=(60, 6, 5, 7)).astype(np.float32), np.arange(60) % 13
    np.savez("mine.npz", train_x=x[:40], train_y=y[:40], test_x=x[40:], test_y=y[40:])
    data = {"name": "npz", "path": "mine.npz", "normalize": "per_channel"}
    trial = small_trials.trial(data=data, optimizer={"name": "gd", "learning_rate": 0.2}, epochs=30)
    rows = run([trial])
    assert rows[trial.id, 0, "train", "risk", ""] == pytest.approx(np.log(13), rel=0.5)
    assert rows[trial.id, 30, "train", "risk", ""] < rows[trial.id, 0, "train", "risk", ""] - 0.05


def png(x: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(x).save(out, kind)
    return out.getvalue()


def write(path: str, images: Any, rows: slice, **more: Any) -> None:
    pq.write_table(pa.table({"image": images[rows], "label": LABELS[rows], **more}), path)


PIXELS = RNG.integers(0, 256, (12, 5, 4, 3), dtype=np.uint8)
COLUMNS: dict[str, tuple[list[Any], np.ndarray]] = {
    "bytes": ([png(x) for x in PIXELS], PIXELS),
    "hub": ([{"bytes": png(x), "path": None} for x in PIXELS], PIXELS),
    "grey": ([png(x[..., 0]) for x in PIXELS], PIXELS[..., :1]),
    "lists": (PIXELS.tolist(), PIXELS),
    "vectors": (FLOATS.tolist(), FLOATS[:, None, None].astype(np.float32)),
}


@pytest.mark.parametrize(("images", "expected"), COLUMNS.values(), ids=COLUMNS.keys())
def test_two_files_or_a_column_of_splits_hold_the_same(images: list[Any], expected: np.ndarray) -> None:
    write("train.parquet", images, slice(0, 8))
    write("test.parquet", images, slice(8, 12))
    write("whole.parquet", images, slice(0, 12), split=["train"] * 8 + ["test"] * 4)
    two = parquet.Settings(path="train.parquet", test_path="test.parquet")
    one = parquet.Settings(path="whole.parquet")
    assert two.sizes() == one.sizes() == (8, 4, expected.shape[1:], 3, str(expected.dtype))
    found, again = parquet.load(two), parquet.load(one)
    assert trial_id("parquet", path="whole.parquet") != trial_id(
        "parquet", path="train.parquet", test_path="test.parquet"
    )
    assert (found.train_x == expected[:8]).all() and (found.test_x == expected[8:]).all()
    assert (found.train_y == LABELS[:8]).all() and found.digest == again.digest == parquet.load(one).digest


TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "no column": ({"image": [b""]}, "has no column 'label'; it has split, image"),
    "labels": ({"image": [[1.0]], "label": ["cat"]}, "'label' of train must be integers from 0 .* got string"),
    "missing": ({"image": [[1.0]], "label": pa.array([None], pa.int64())}, "got int64 with 1 missing"),
    "text": ({"image": ["a.png"], "label": [0]}, "'image' must hold encoded images or lists of numbers, got string"),
    "no test": ({"image": [[1.0]], "label": [0], "split": ["train"]}, "'split' must say train and test, got train"),
}


@pytest.mark.parametrize(("columns", "message"), TABLES.values(), ids=TABLES.keys())
def test_tables_that_are_no_examples_are_refused_before_anything_runs(columns: dict[str, Any], message: str) -> None:
    twice = {name: pa.concat_arrays([pa.array(values)] * 2) for name, values in columns.items()}
    pq.write_table(pa.table({"split": ["train", "test"], **twice}), "mine.parquet")
    with pytest.raises(ValidationError, match=f"path\n.*{message}"):
        parquet.Settings(path="mine.parquet")


def test_a_file_without_splits_says_how_to_name_the_test_examples() -> None:
    write("mine.parquet", FLOATS.tolist(), slice(0, 12))
    with pytest.raises(ValidationError, match=r"no column 'split'; .*in a file of their own are named by `test_path`"):
        parquet.Settings(path="mine.parquet")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([png(PIXELS[0]), png(PIXELS[0][:3])], r"an image of \(3, 4, 3\) at row 1 and one of \(5, 4, 3\) before"),
        ([[1.0, 2.0], [1.0]], "lists of different lengths"),
        ([[1, 2], [1, 256]], "integers from 1 to 256: integers are pixels from 0 to 255"),
    ],
    ids=["sizes", "lengths", "range"],
)
def test_images_that_differ_in_shape_or_are_out_of_range_are_refused(images: list[Any], message: str) -> None:
    for name in ("train.parquet", "test.parquet"):
        pq.write_table(pa.table({"image": images, "label": [0, 1]}), name)
    with pytest.raises(ValueError, match=message):
        parquet.load(parquet.Settings(path="train.parquet", test_path="test.parquet"))
