"""A store does not lead out of itself, and what lies in it that this program did not write is left alone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.launching.begun_bundles import begin, row
from tracking.common.errors import StorageFailed
from tracking.records import layout
from tracking.records.files.storage import Files
from tracking.records.leases import lease
from tracking.records.leases.lease_file import claims
from tracking.records.ledger import Ledger
from tracking.records.rows import Outcome
from tracking.records.store import Store

FOREIGN = (".DS_Store", ".nfs0000", "README~", "README.txt", "lost+found/inner", "old/000001.json", "٠٠٠٠٠١.json",
           "x.tmp", "1.json", "a-٣.parquet", "manifest.json~", "core.bin", "notes.parquet")  # fmt: skip


def made(root: Path) -> Store:
    """A store with a bundle that has one commit and another that is done."""
    store = Store(str(root))
    for bundle in ("begun", "done"):
        writer, (a,) = begin(store, bundle, 0)
        writer.add([row(a, 0)], {a.id: Outcome("finished", 0, "done")} if bundle == "done" else {})
        writer.commit(0, b"state")
    return store


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}


def moved_out(path: Path, outside: Path) -> None:
    """Moves it out of the store and puts a link in its place."""
    os.rename(path, outside / path.name)
    path.symlink_to(outside / path.name)


def reads(store: Store) -> None:
    ledger = Ledger.read(store)
    ledger.rows(ledger.records.values())


def commits(store: Store) -> None:
    writer, (a,) = begin(store, "done", 0)
    writer.add([row(a, 0)], {a.id: Outcome("finished", 0, "done")})
    writer.commit(0, None)


def claims_work(store: Store) -> None:
    with lease.acquire(store.files, "sweep", frozenset({"t"}), print):
        pass


PLACES: dict[str, tuple[Callable[[Store], None], ...]] = {
    "records": (reads, commits),
    "records/done": (reads, commits),
    "records/begun": (reads,),
    "records/done/manifest.json": (reads,),
    "checkpoints": (reads, commits),
    "checkpoints/done": (reads, commits),
    "leases": (claims_work,),
    "leases/000001.json": (claims_work,),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_link_inside_a_store_is_refused_with_its_path(tmp_path: Path, place: str) -> None:
    store, outside = made(tmp_path / "runs"), tmp_path / "outside"
    claims_work(store)
    (tmp_path / "runs/checkpoints/done").mkdir(exist_ok=True)
    outside.mkdir()
    moved_out(tmp_path / "runs" / place, outside)
    for name in ("mine.parquet", "mine.bin", "mine.tmp", "killed-0.parquet"):
        target = outside / Path(place).name
        ((target if target.is_dir() else outside) / name).write_text("not the store's")
    before = contents(outside)
    for act in PLACES[place]:
        with pytest.raises(StorageFailed, match=r"is a link to .*outside") as error:
            act(store)
        assert f"{tmp_path}/runs/{place}" in str(error.value)
    assert contents(outside) == before


def test_a_segment_that_is_a_link_is_refused_though_its_content_is_right(tmp_path: Path) -> None:
    store = made(tmp_path / "runs")
    (tmp_path / "outside").mkdir()
    (segment,) = (tmp_path / "runs/records/done").glob("*.parquet")
    moved_out(segment, tmp_path / "outside")
    with pytest.raises(StorageFailed, match=segment.name):
        store.segment(store.manifest("done").segments[0])


def test_a_store_that_is_reached_by_a_link_is_fine(tmp_path: Path) -> None:
    made(tmp_path / "elsewhere")
    (tmp_path / "runs").symlink_to(tmp_path / "elsewhere")
    store = Store(str(tmp_path / "runs"))
    reads(store)
    commits(store)
    claims_work(store)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("name", ["leases/000002.json", "records/again/manifest.json"])
def test_a_folder_or_a_pipe_in_place_of_a_file_is_named_and_nothing_waits_for_it(
    tmp_path: Path, kind: str, name: str
) -> None:
    store = made(tmp_path)
    claims_work(store)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(StorageFailed, match=name):
        claims_work(store) if name.startswith("leases") else store.manifest("again")
    reads(store)


def test_foreign_files_are_ignored_in_every_folder(tmp_path: Path) -> None:
    store = made(tmp_path)
    claims_work(store)
    folders = [tmp_path, *(p for p in tmp_path.rglob("*") if p.is_dir())]
    for folder in (*folders, *(tmp_path / name for name in (layout.CODE, layout.PROBES, layout.FIGURES))):
        for name in FOREIGN:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("foreign")
        (folder / ".link").symlink_to("/nowhere")
    before = contents(tmp_path)
    reads(store)
    commits(store)
    claims_work(store)
    assert [claim.number for claim in claims(store.files)] == [2]
    after = contents(tmp_path)
    assert all(after[name] == content for name, content in before.items() if content == b"foreign")
    assert set(Ledger.read(store).manifests) == {"begun", "done"}


def test_nothing_but_files_of_our_own_naming_is_deleted(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    (tmp_path / "records").mkdir()
    (tmp_path / "records/mine.parquet").write_text("")
    for name in ("records/mine.parquet", "notes.txt", "records/a/b/c-0.parquet"):
        with pytest.raises(ValueError, match="not deleted"):
            files.delete([name])
    assert (tmp_path / "records/mine.parquet").exists()
