"""`sweep pack` and `sweep unpack`: a sweep goes to another store, equal and alone, and nothing there is replaced."""

import io
import json
import os
import shutil
import signal
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.launching import command_line, processes
from tests.support.launching.command_line import Said
from tests.support.launching.waiting import until
from tests.support.stores.recorded_sweeps import launched, record, write
from tests.support.user_files import FLAT_NET
from tracking.common import failpoints
from tracking.records import layout
from tracking.records.files.storage import sha256
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases import lease
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.upkeep.archive import INDEX

Run = Callable[..., Said]
Files = dict[str, bytes]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Of a sweep with a net of the user's own, and of another one that shares nothing with it."""
    file = write(tmp_path / "project/own.yaml")
    (file.parent / "nets").mkdir()
    (file.parent / "nets/flat.py").write_text(FLAT_NET)
    (file.parent / "nets/_helper.py").write_text("SCALE = 0.1\n")
    text = file.read_text().replace("{name: convnet, depth: 3, batch_norm: false}", "{name: flat}")
    file.write_text(text.replace("net.width: [2, 4]", "net.scale: [1.0, 2.0]").replace("x: net.width", "x: net.scale"))
    store = Store(str(tmp_path / "runs"))
    launched(file, store)
    launched(write(tmp_path / "project/other.yaml", (8,)), store)
    shutil.rmtree(file.parent)
    return store


@pytest.fixture
def archive(run: Run, store: Store, tmp_path: Path) -> Path:
    run("pack", "own", "own.tar")
    return tmp_path / "own.tar"


def rows(store: Store) -> list[dict[str, object]]:
    ledger = Ledger.read(store)
    table = ledger.rows(ledger.records.values()).to_pandas()
    found: list[dict[str, object]] = table.sort_values(list(table.columns)).to_dict("records")
    return found


def contents(archive: Path) -> Files:
    with tarfile.open(archive) as tar:
        return {one.name: stream.read() for one in tar.getmembers() if (stream := tar.extractfile(one))}


def make(archive: Path, files: Files, *more: tarfile.TarInfo) -> None:
    """An archive of these files with an index that fits them, and members besides."""
    index = json.loads(files[INDEX])
    packed = {name: {"sha256": sha256(c), "bytes": len(c)} for name, c in files.items() if name != INDEX}
    whole = {**files, INDEX: json.dumps({**index, "files": packed}).encode()}
    with tarfile.open(archive, "w") as tar:
        for name, content in whole.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            tar.addfile(one, io.BytesIO(content))
        for one in more:
            tar.addfile(one, io.BytesIO(b"x" * one.size))


def names(folder: Path) -> set[str]:
    leases = folder / layout.LEASES
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.parent != leases}


def test_it_is_equal_in_another_store(run: Run, store: Store, archive: Path, tmp_path: Path) -> None:
    said = run("unpack", "own.tar", "--store", "elsewhere/runs").err
    assert "own: 4 trials" in said and f"sweep verify own --store {tmp_path}/elsewhere/runs" in said
    there = Store(str(tmp_path / "elsewhere/runs"))
    before, after = (KeptSweeps.read(s.files).by_variant for s in (store, there))
    assert after.keys() == {"own"} and after["own"] == before["own"]
    assert Ledger.read(there).trials == before["own"].trials
    mine = before["own"].trials
    assert rows(there) == [row for row in rows(store) if row["trial"] in mine]
    verdicts = [run("verify", "own", "--json", "--store", root).json for root in ("runs", "elsewhere/runs")]
    assert verdicts[0] == verdicts[1] and verdicts[0]["claims"][0]["verdict"] == "holds"
    shutil.rmtree(tmp_path / "runs")
    assert run("status", "own", "--json", "--store", "elsewhere/runs").json["trials"] == {"total": 4, "finished": 4}


def test_the_same_content_makes_the_same_bytes_and_comes_only_once(run: Run, archive: Path, tmp_path: Path) -> None:
    run("unpack", "own.tar", "--store", "elsewhere")
    run("pack", "own", "again.tar", "--store", "elsewhere")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()
    assert run("unpack", "own.tar", "--store", "elsewhere", "--json").json["new_files"] == 0
    assert run("unpack", "own.tar", "--json").json["new_files"] == 0
    assert not list(tmp_path.glob("*.tmp"))


def meanwhile(tmp_path: Path, change: Callable[[], object]) -> str:
    """What `pack` says when records are changed after it has packed the first of them."""
    child = os.fork()
    if not child:
        os.environ[failpoints.VARIABLE] = "pack.added=stop@1"
        with (tmp_path / "said").open("w") as sys.stderr:
            try:
                cli.main(["pack", "own", "own.tar"])
            except SystemExit as ended:
                sys.stderr.flush()
                os._exit(int(ended.code or 0))
    until(lambda: processes.stopped(child), "the first file in the archive")
    change()
    os.kill(child, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 74
    assert not list(tmp_path.glob("own.tar*"))
    return (tmp_path / "said").read_text()


def test_records_that_are_removed_while_they_are_packed(run: Run, store: Store, tmp_path: Path) -> None:
    """Nothing is damaged, and there is no archive of a part."""
    said = meanwhile(tmp_path, lambda: run("rm", "own", "--yes"))
    assert "were changed while they were packed" in said and "run the command again" in said, said


def test_records_that_cannot_be_read_are_not_an_archive_that_cannot_be_written(
    run: Run, store: Store, tmp_path: Path
) -> None:
    def link() -> None:
        for segment in (tmp_path / "runs/records").glob("*/*.parquet"):
            segment.rename(tmp_path / "elsewhere")
            segment.symlink_to(tmp_path / "elsewhere")

    said = meanwhile(tmp_path, link)
    assert "is a link to" in said and "cannot be written" not in said, said


def test_what_a_killed_process_left_of_a_figure_is_not_packed(run: Run, store: Store, tmp_path: Path) -> None:
    """It would have no place in a store: the archive would be refused."""
    figures = tmp_path / "runs" / layout.FIGURES / "own"
    figures.mkdir(parents=True, exist_ok=True)
    (figures / "error.png").write_bytes(b"whole")
    (figures / "error.png.1.2.tmp").write_bytes(b"a part")
    run("pack", "own", "own.tar")
    run("unpack", "own.tar", "--store", "elsewhere")
    assert (tmp_path / "elsewhere/figures/own/error.png").read_bytes() == b"whole"


@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_after_a_kill_every_command_reads_the_store_and_it_can_be_unpacked_again(
    number: int, run: Run, archive: Path, tmp_path: Path
) -> None:
    launched(write(tmp_path / "here.yaml"), Store(str(tmp_path / "elsewhere")))
    monkey = ("unpack", "own.tar", "--store", "elsewhere")
    command_line.killed(f"unpack.written=kill@{number}", *monkey)
    (one,) = run("ls", "--json", "--store", "elsewhere").json["sweeps"]
    assert (one["variant"], one["trials"]) == ("here", {"total": 4, "finished": 4})
    assert run("verify", "here", "--json", "--store", "elsewhere").json["claims"][0]["verdict"] == "holds"
    run(*monkey)
    assert len(run("ls", "--json", "--store", "elsewhere").json["sweeps"]) == 2
    assert run("prune", "--json", "--store", "elsewhere").json["leftover_files"] == 0


def link(name: str, target: str) -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    one.type, one.linkname = tarfile.SYMTYPE, target
    return one


def plain(name: str, size: int = 1) -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    one.size = size
    return one


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (link("records/b/manifest.json", "/etc/passwd"), "is no regular file"),
        (link("code", ".."), "is no regular file"),
        (plain("../outside.json"), "is not what its index says"),
        (plain("/etc/cron.d/x"), "is not what its index says"),
        (plain("sweeps/own.json"), "is not what its index says"),
    ],
)
def test_members_that_are_not_in_the_index_are_refused(
    more: tarfile.TarInfo, why: str, run: Run, archive: Path, tmp_path: Path
) -> None:
    make(archive, contents(archive), more)
    said = run("unpack", "own.tar", "--store", "elsewhere", code=2).err
    assert why in said and "nothing was unpacked" in said and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "name", ["../outside.json", "/tmp/outside.json", "leases/000001.json", "mlflow.db", "figures/own/../../x.json",
             "records/stray/a-0.parquet", "sweeps/another.json", "code/0a.py.1.2.tmp", "figures/another/claims.json"]
)  # fmt: skip
def test_names_that_have_no_place_are_refused_though_the_index_has_them(
    name: str, run: Run, archive: Path, tmp_path: Path
) -> None:
    make(archive, {**contents(archive), name: b"x"})
    said = run("unpack", "own.tar", "--store", "elsewhere", code=2).err
    assert f"'{name}'" in said and "nothing was unpacked" in said
    assert not (tmp_path / "elsewhere").exists() and not (tmp_path / "outside.json").exists()


def test_damage_is_named(run: Run, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    segment = next(name for name in contents(archive) if name.endswith(layout.SEGMENT))
    at = whole.index(contents(archive)[segment]) + 20
    archive.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert f"'{segment}' does not match its checksum" in run("unpack", "own.tar", "--store", "new", code=74).err
    archive.write_bytes(whole[: at + 10])
    assert "own.tar is no archive of `sweep pack`" in run("unpack", "own.tar", "--store", "new", code=2).err
    archive.write_bytes(b"no tar file at all" * 100)
    assert "is no archive" in run("unpack", "own.tar", "--store", "new", code=2).err
    lost = {name: content for name, content in contents_of(whole, tmp_path).items() if name != segment}
    make(archive, lost)
    assert "lacks its rows" in run("unpack", "own.tar", "--store", "new", code=2).err
    index = json.loads(lost[INDEX])
    make(archive, {**lost, INDEX: json.dumps({**index, "format": 2}).encode()})
    assert "has format 2" in run("unpack", "own.tar", "--store", "new", code=74).err
    assert not (tmp_path / "new").exists()


def contents_of(whole: bytes, folder: Path) -> Files:
    (folder / "whole.tar").write_bytes(whole)
    return contents(folder / "whole.tar")


def test_nothing_is_replaced(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml")
    launched(file, Store(str(tmp_path / "runs")))
    run("pack", "x", "x.tar")
    record(expand(read(str(file))), Store(str(tmp_path / "recorded")), lambda trial, step, split: 0.125)
    before = names(tmp_path / "recorded")
    said = run("unpack", "x.tar", "--store", "recorded", code=2).err
    assert "the same bundles with other content (records/" in said and names(tmp_path / "recorded") == before
    launched(write(tmp_path / "b/x.yaml", (16,)), Store(str(tmp_path / "edited")))
    assert "has another sweep file" in run("unpack", "x.tar", "--store", "edited", code=2).err
    drawn = tmp_path / "figures/figures/x/claims.json"
    drawn.parent.mkdir(parents=True)
    drawn.write_text("[]")
    run("unpack", "x.tar", "--store", "figures")
    assert drawn.read_text() == "[]"


def test_while_a_launch_works_on_it_a_sweep_is_neither_packed_nor_unpacked(
    run: Run, store: Store, archive: Path, tmp_path: Path
) -> None:
    with lease.acquire(store.files, "own", frozenset({"missing"}), print):
        assert "works on own; pack it when that has ended" in run("pack", "own", "b.tar", code=73).err
        assert "works on sweep 'own'" in run("unpack", "own.tar", code=73).err
    assert not (tmp_path / "b.tar").exists()


def test_what_cannot_be_packed_is_said(run: Run, store: Store, tmp_path: Path) -> None:
    assert "unknown sweep 'ow'" in run("pack", "ow", "own.tar", code=2).err
    assert "there is no folder" in run("pack", "own", "nowhere/own.tar", code=2).err
    assert "no such file" in run("unpack", "nothing.tar", code=2).err
    segment = next((tmp_path / "runs/records").glob("*/*.parquet"))
    for found in (tmp_path / "runs/records").glob("*/*.parquet"):
        found.write_bytes(b"damaged")
    assert segment.exists() and "does not match" in run("pack", "own", "own.tar", code=74).err
    assert not list(tmp_path.glob("own.tar*"))
