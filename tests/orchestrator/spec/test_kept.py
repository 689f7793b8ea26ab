"""A sweep read from what a store keeps of it, where its file is not at hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestrator.execution.store.keep_sweep import keep_sweep
from orchestrator.spec import kept, load
from orchestrator.spec.expand import expand
from orchestrator.spec.variant import Changes
from tests.support.stores.recorded_sweeps import launched, write
from tests.support.user_files import FLAT_NET
from tracking.common.errors import BadSweep, Damaged
from tracking.records import layout
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.store import Store

OWN = {"nets/flat.py": FLAT_NET, "nets/_helper.py": "SCALE = 0.1\n"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Of a sweep and a variant, whose file is gone."""
    store, file = Store(str(tmp_path / "runs")), write(tmp_path / "mine.yaml")
    launched(file, store)
    launched(file, store, overrides=["epochs=1"])
    file.unlink()
    return store


def test_a_variant_is_found_by_its_name(store: Store) -> None:
    sweep = kept.read("mine@epochs=1", Changes(), lambda: store)
    known = KeptSweeps.read(store.files).by_variant["mine@epochs=1"]
    assert (sweep.variant, sweep.name, sweep.written) == ("mine@epochs=1", "mine", known.version.text)
    assert tuple(t.id for t in expand(sweep)) == known.version.trials


def test_other_changes_are_put_over_the_file_that_was_launched(store: Store) -> None:
    changed = kept.read("mine", Changes(overrides=("epochs=3",)), lambda: store)
    assert [t.plain["epochs"] for t in expand(changed)] == [3] * 4


def test_an_older_version_is_read_as_it_was(store: Store, tmp_path: Path) -> None:
    launched(write(tmp_path / "mine.yaml", (8,)), store)
    one = KeptSweeps.read(store.files).by_variant["mine"]
    found = [kept.of_version(store, one, version) for version in one.versions]
    assert [len(expand(sweep)) for sweep in found] == [4, 2] and found[1].variant == "mine"


@pytest.mark.parametrize("name", ["npz", "parquet"])
def test_data_are_as_they_were_when_it_was_launched(name: str, tmp_path: Path) -> None:
    """A version with other data is another one, and neither needs the file any more."""
    file, store = write(tmp_path / "mine.yaml"), Store(str(tmp_path / "runs"))
    file.write_text(file.read_text().replace("{name: digits, train_size: 120,", f"{{name: {name}, path: mine,"))
    versions = []
    for classes in (3, 5):
        save_data(tmp_path / "mine", name, classes)
        versions.append([trial.id for trial in expand(launched(file, store))])
    (tmp_path / "mine").unlink()
    one = KeptSweeps.read(store.files).by_variant["mine"]
    found = [expand(kept.of_version(store, one, version)) for version in one.versions]
    assert [[trial.id for trial in trials] for trials in found] == versions and versions[0] != versions[1]
    assert [trials[0].plain["data"]["classes"] for trials in found] == [3, 5]
    more = kept.read("mine", Changes(overrides=("data.classes=5",)), lambda: store)
    assert [trial.id for trial in expand(more)] == versions[1], "the labels say the same"
    with pytest.raises(BadSweep, match="train_size must be at most the 120 training examples"):
        expand(kept.read("mine", Changes(overrides=("data.train_size=121",)), lambda: store))
    with pytest.raises(BadSweep, match="other does not exist, and a store keeps no data files; copy the file there"):
        expand(kept.read("mine", Changes(overrides=("data.path=other",)), lambda: store))


def save_data(path: Path, name: str, classes: int) -> None:
    x, y = np.zeros((120, 4, 4), np.uint8), np.arange(120) % classes
    if name == "npz":
        with path.open("wb") as file:
            np.savez(file, train_x=x, train_y=y, test_x=x, test_y=y)
    else:
        rows = {"image": [one.ravel().tolist() for one in x] * 2, "label": [*y, *y]}
        pd.DataFrame({**rows, "split": ["train"] * 120 + ["test"] * 120}).to_parquet(path)


def test_the_file_of_this_folder_counts_where_it_is_named_and_an_edited_one_is_said(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = write(tmp_path / "mine.yaml", (8,))
    caplog.set_level("INFO")
    assert len(expand(kept.read(str(file), Changes(), lambda: store))) == 2 and not caplog.messages
    assert len(expand(kept.read("mine", Changes(), lambda: store))) == 4
    assert caplog.messages == [f"note     mine as it was launched last; {file} was changed since"]


def test_python_files_that_lay_beside_it_are_used(tmp_path: Path) -> None:
    file, store = write(tmp_path / "own/mine.yaml"), Store(str(tmp_path / "runs"))
    for name, text in OWN.items():
        (file.parent / name).parent.mkdir(exist_ok=True)
        (file.parent / name).write_text(text)
    text = file.read_text().replace("{name: convnet, depth: 3, batch_norm: false}", "{name: flat}")
    file.write_text(text.replace("net.width: [2, 4]", "net.scale: [1.0, 2.0]").replace("x: net.width", "x: net.scale"))
    trials = expand(launched(file, store))
    (file.parent / "nets/flat.py").unlink()
    file.unlink()
    again = kept.read("mine", Changes(), lambda: store)
    assert [t.id for t in expand(again)] == [t.id for t in trials]
    assert again.files.sources["nets/flat.py"].decode() == FLAT_NET
    digests = dict(KeptSweeps.read(store.files).by_variant["mine"].version.sources)
    source = Path(store.files.path(layout.user_source(digests["nets/flat.py"])))
    source.write_text("raise SystemExit('what somebody has put there must not run')\n")
    with pytest.raises(Damaged, match=r"is not what it was when it was kept as nets/flat\.py"):
        kept.read("mine", Changes(), lambda: store)
    source.unlink()
    with pytest.raises(Damaged, match=r"is missing, which was nets/flat\.py"):
        kept.read("mine", Changes(), lambda: store)


def test_a_users_sweep_with_the_name_of_a_shipped_one_is_meant_in_the_store_that_keeps_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store, other = (Store(str(tmp_path / name)) for name in ("runs", "other"))
    shipped = kept.read("ridge", Changes(), lambda: store)
    assert not shipped.file and not caplog.messages
    launched(write(tmp_path / "ridge.yaml"), store)
    found = kept.read("ridge@epochs=3", Changes(), lambda: store)
    assert [t.plain["epochs"] for t in expand(found)] == [3] * 4
    assert caplog.messages == [
        "note     ridge is the one that this store keeps, and not the one that comes with this program"
    ]
    assert kept.read("ridge", Changes(), lambda: other).written == shipped.written
    copy = tmp_path / "copy/ridge.yaml"
    copy.parent.mkdir()
    copy.write_text(shipped.written)
    with keep_sweep(load.read(str(copy)), (), other, None):
        pass
    assert not kept.read("ridge", Changes(), lambda: other).file, "a copy of it is no other one"


def test_what_neither_comes_with_the_program_nor_was_launched_is_refused(store: Store) -> None:
    with pytest.raises(BadSweep, match="unknown sweep 'yours'"):
        kept.read("yours", Changes(), lambda: store)
