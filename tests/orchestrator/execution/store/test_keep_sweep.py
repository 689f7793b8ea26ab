"""What a store keeps of a launch, and which files of one name it takes for the same sweep."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.execution.store.keep_sweep import FILE, keep_sweep, refuse_another_file
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from orchestrator.spec.sweep import Sweep
from tests.support.stores.recorded_sweeps import write
from tests.support.user_files import FLAT_NET
from tracking.common.errors import Interrupted, OtherFormat, Refused
from tracking.common.token_digest import token_digest
from tracking.records import layout
from tracking.records.kept_sweeps import sweeps_of_store
from tracking.records.kept_sweeps.kept_sweep import KeptSweep, Launching
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "project/runs"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "project/x.yaml")


def launch(file: Path | str, store: Store, profile: str | None = None, limit: int | None = None) -> Sweep:
    """All of a launch but its work."""
    sweep = read(str(file), profile)
    with keep_sweep(sweep, expand(sweep), store, limit):
        pass
    return sweep


def kept(store: Store, variant: str = "x") -> KeptSweep:
    return KeptSweeps.read(store.files).by_variant[variant]


def on_another_machine(store: Store) -> None:
    """As if all launches had been made on another one."""
    for one in KeptSweeps.read(store.files).by_variant.values():
        for launching in one.launches:
            one = one.with_launch(replace(launching, origin=replace(launching.origin, host="elsewhere")))
        sweeps_of_store.write(store.files, one)


def test_a_launch_keeps_the_file_what_was_asked_and_the_trials(file: Path, store: Store) -> None:
    sweep = launch(file, store, limit=3)
    one = kept(store)
    (made,) = one.launches
    assert (one.version.text, one.title, one.profile) == (file.read_text(), "Small", None)
    assert one.version.trials == tuple(t.id for t in expand(sweep)) and len(one.version.trials) == 4
    assert made.command == ("sweep", "launch", str(file), "--limit", "3") and made.limit == 3
    assert (made.origin.path, made.origin.from_store, made.outcome) == (str(file), "x.yaml", "done")
    assert 0 < made.started_ms <= made.ended_ms


def test_while_it_runs_and_where_it_is_killed_a_launch_is_kept_without_an_end(file: Path, store: Store) -> None:
    sweep = read(str(file))
    with keep_sweep(sweep, expand(sweep), store, None):
        (made,) = kept(store).launches
        assert (made.ended_ms, made.outcome) == (0, "")


@pytest.mark.parametrize(
    ("error", "outcome"), [(Interrupted(), "interrupted"), (Refused("no such data"), "stopped: no such data")]
)
def test_how_a_launch_ended_is_kept(error: BaseException, outcome: str, file: Path, store: Store) -> None:
    sweep = read(str(file))
    with pytest.raises(type(error)), keep_sweep(sweep, expand(sweep), store, None):
        raise error
    assert kept(store).launches[0].outcome == outcome


def test_an_edited_file_is_another_version_and_one_that_is_as_before_is_not(file: Path, store: Store) -> None:
    first = launch(file, store).written
    write(file, (2, 4, 8))
    launch(file, store)
    assert [len(v.trials) for v in kept(store).versions] == [4, 6]
    file.write_text(first)
    launch(file, store)
    one = kept(store)
    assert [len(v.trials) for v in one.versions] == [6, 4] and len(one.version.launches) == 2
    assert len(one.trials) == 6


def test_python_files_beside_the_sweep_are_kept_claims_too(file: Path, store: Store) -> None:
    for name, text in {"nets/mine.py": FLAT_NET, "claims/mine.py": "x = 1\n"}.items():
        (file.parent / name).parent.mkdir()
        (file.parent / name).write_text(text)
    launch(file, store)
    sources = dict(kept(store).version.sources)
    assert sources.keys() == {"nets/mine.py", "claims/mine.py"}
    assert store.files.read(layout.user_source(sources["nets/mine.py"])).decode() == FLAT_NET
    assert sources["claims/mine.py"] == token_digest(b"x = 1\n")
    damaged = Path(store.files.path(layout.user_source(sources["claims/mine.py"])))
    damaged.write_text("x = 2\n")
    launch(file, store)
    assert damaged.read_text() == "x = 1\n"


def test_another_file_of_the_same_name_is_refused_with_both_paths(file: Path, store: Store, tmp_path: Path) -> None:
    launch(file, store)
    other = write(tmp_path / "other/x.yaml", (16,))
    with pytest.raises(Refused, match=f"{other}: .* another file of this name, {file}, launched .*rename .*--store"):
        launch(other, store)
    with pytest.raises(Refused, match="another file"):
        refuse_another_file(read(str(other), overrides=["epochs=7"]), store)
    assert len(kept(store).launches) == 1


def test_a_copy_that_is_edited_is_another_file(file: Path, store: Store, tmp_path: Path) -> None:
    launch(file, store)
    copied = tmp_path / "copied/x.yaml"
    shutil.copytree(file.parent, copied.parent, ignore=shutil.ignore_patterns("runs"))
    launch(copied, store)
    write(copied, (16,))
    with pytest.raises(Refused, match=f"another file of this name, {file},"):
        launch(copied, store)
    write(file, (32,))
    launch(file, store)


def test_a_shipped_sweep_and_an_edited_copy_of_it_are_two(store: Store, file: Path) -> None:
    launch("demo", store, "debug")
    mine = file.with_name("demo.yaml")
    mine.write_text(read("demo").written)
    launch(mine, store, "debug")
    mine.write_text(mine.read_text().replace("epochs: 60", "epochs: 61"))
    with pytest.raises(Refused, match="the sweep 'demo' that comes with this program"):
        launch(mine, store, "debug")


def test_a_file_that_was_renamed_with_its_folder_and_edited_is_the_same(file: Path, store: Store) -> None:
    launch(file, store)
    moved = file.parent.rename(file.parent.with_name("moved")) / "x.yaml"
    write(moved, (16,))
    launch(moved, Store(str(moved.parent / "runs")))
    assert len(kept(Store(str(moved.parent / "runs"))).versions) == 2


def test_a_file_that_is_gone_from_where_it_was_is_taken_for_moved(
    file: Path, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    launch(file, store)
    file.unlink()
    caplog.set_level("INFO")
    launch(write(tmp_path / "elsewhere/x.yaml", (16,)), store)
    assert "which has moved" in caplog.text


def test_a_link_to_the_file_is_the_file(file: Path, store: Store, tmp_path: Path) -> None:
    launch(file, store)
    os.symlink(file.parent, tmp_path / "link")
    write(file, (16,))
    launch(tmp_path / "link/x.yaml", store)


@pytest.mark.parametrize(("folder", "same"), [("project", True), ("project2", False)])
def test_on_another_machine_the_name_of_the_folder_decides(folder: str, same: bool, file: Path, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "data/runs"))
    launch(file, store)
    on_another_machine(store)
    other = write(tmp_path / "home" / folder / "x.yaml", (16,))
    if same:
        launch(other, store)
    else:
        with pytest.raises(Refused, match="on elsewhere"):
            launch(other, store)


def test_a_detached_launch_has_the_path_of_the_machine_that_handed_it_over(
    file: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch(file, store)
    monkeypatch.setenv(FILE, str(file))
    launch(write(tmp_path / "job/x.yaml", (16,)), store)
    assert {one.origin.path for one in kept(store).launches} == {str(file)}


def test_a_damaged_file_is_set_aside_and_one_of_a_later_version_is_not(file: Path, store: Store) -> None:
    launch(file, store)
    path = Path(store.files.path(layout.sweep("x")))
    path.write_text("{")
    launch(file, store)
    assert len(kept(store).launches) == 1 and path.with_name("x.json.damaged").exists()
    path.write_text('{"format": 3}')
    with pytest.raises(OtherFormat, match="format 3"):
        launch(file, store)
    assert path.read_text() == '{"format": 3}'


def test_a_sweep_without_data_files_is_written_as_older_versions_read_it(file: Path, store: Store) -> None:
    launch(file, store)
    content = json.loads(Path(store.files.path(layout.sweep("x"))).read_text())
    assert content["format"] == 1 and "data" not in content["versions"][0]


def test_only_the_latest_launches_are_kept(file: Path, store: Store) -> None:
    launch(file, store)
    one = kept(store)
    for ms in range(200):
        version = replace(one.version, launches=(Launching(ms, one.launches[0].origin),))
        one = one.launched("Small", version)
    assert len(one.launches) == 100 and one.launches[-1].started_ms >= 199
