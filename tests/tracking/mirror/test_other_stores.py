"""A store that is copied, moved, of an older form of the mirror, or opened by another MLflow."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.services.mlflow_server import Server
from tests.support.stores.mirrored_sweep import SWEEP, everything, files, fresh, parent, recorded, sync
from tracking.common.errors import Refused, StorageFailed, Unreachable
from tracking.mirror import sync as mirror
from tracking.mirror.database import artifacts, schema
from tracking.mirror.examine import examine
from tracking.mirror.experiments import FORM_TAG
from tracking.records.store import Store


def contents(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder, but those that SQLite makes for readers."""
    every = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.endswith(("-wal", "-shm")))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in every}


@pytest.fixture
def original(store: Store, uri: str, tmp_path: Path) -> Path:
    """A folder with a mirror, its artifacts and nothing else."""
    sync(store, uri, parent(tmp_path / "figures"))
    shutil.rmtree(tmp_path / "figures")
    return tmp_path


def test_a_copy_and_a_moved_store_write_into_themselves_and_show_their_own_files(
    store: Store, original: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(original, copy)
    before, known = contents(original), everything(fresh(original))
    report = sync(store, fresh(copy), parent(copy / "figures", n=5.0))
    assert (report.rebuilt, report.problems, report.superseded) == ("", [], 1)
    assert everything(fresh(copy))[""][4] == known[""][4] == ["figures/a.svg", "widths.yaml"]
    assert contents(original) == before and examine(copy / "mlflow.db", Store(str(copy))) is None
    moved = copy.rename(copy.with_name("moved"))
    again = sync(store, fresh(moved), parent(moved / "figures", n=5.0))
    assert (again.runs_unchanged, again.runs_created, again.rebuilt) == (6, 0, "") and not copy.exists()
    assert everything(fresh(moved))[""][4] == known[""][4]


def test_a_mirror_of_the_older_form_is_built_anew_in_its_own_folder(
    store: Store, empty: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As version 0.1 made it: with an absolute artifact location, which a moved store leaves behind."""
    (tmp_path / "mlflow.db").write_bytes(empty.read_bytes())
    abandoned = tmp_path_factory.mktemp("abandoned")
    client = mirror.connect(fresh(tmp_path))
    experiment = client.create_experiment(SWEEP.name, str(abandoned))
    client.create_run(experiment, tags={"sweep.name": SWEEP.name, "sweep.trial_id": "w2s0"})
    found = examine(tmp_path / "mlflow.db", store)
    assert found and found.works and str(abandoned) in found.text
    assert found.remedy.startswith(f"`sweep sync {SWEEP.name} --store {store.root}` builds them anew")
    report = sync(store, fresh(tmp_path), parent(tmp_path / "figures"))
    assert str(abandoned) in report.rebuilt and report.runs_created == 8 and not list(abandoned.iterdir())
    assert everything(fresh(tmp_path))[""][4] == ["figures/a.svg", "widths.yaml"]
    assert examine(tmp_path / "mlflow.db", store) is None
    assert sync(store, fresh(tmp_path), parent(tmp_path / "figures")).rebuilt == ""
    older = mirror.connect(fresh(tmp_path)).get_experiment(experiment)
    assert older.lifecycle_stage == "deleted" and older.name.startswith(f"{SWEEP.name} (until ")


def test_an_experiment_of_somebody_else_is_neither_written_nor_put_aside(
    store: Store, uri: str, tmp_path: Path
) -> None:
    mirror.connect(uri).create_experiment(SWEEP.name, str(tmp_path / "theirs"))
    with pytest.raises(Refused, match=r"is not of this program.*rename"):
        sync(store, uri)
    assert FORM_TAG not in mirror.connect(uri).get_experiment_by_name(SWEEP.name).tags


@pytest.mark.parametrize(
    ("revision", "writer"), [("f4a9b2c7d1e6", "MLflow 3.18"), ("0123", "another version of MLflow")]
)
def test_a_database_of_another_mlflow_is_left_alone_and_the_message_says_what_to_do(
    revision: str, writer: str, store: Store, uri: str, tmp_path: Path
) -> None:
    """MLflow itself would answer with `mlflow db upgrade`, which cannot lead back to an older version."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    before = contents(tmp_path)
    with pytest.raises(Unreachable, match=f"migrated by {writer} .*`rm .*mlflow.db`, after which"):
        sync(store, uri)
    found = examine(tmp_path / "mlflow.db", store)
    assert found and not found.works and writer in found.text
    assert contents(tmp_path) == before


def test_the_installed_mlflow_is_known_and_so_is_the_one_that_made_the_database(uri: str, tmp_path: Path) -> None:
    assert schema.of(tmp_path / "mlflow.db") == schema.installed() and schema.installed() in schema.WRITTEN_BY
    assert schema.mismatch(tmp_path / "mlflow.db") == ""


def test_artifacts_are_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "mlartifacts").mkdir()
    (tmp_path / "store" / "mlartifacts" / "run").symlink_to(tmp_path / "outside")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "mlartifacts").symlink_to(tmp_path / "outside")
    for store in ("store", "linked"):
        with pytest.raises(StorageFailed, match="is a link to"):
            artifacts.put(tmp_path / store / "mlflow.db", "run", "figures", "a.svg", b"<svg/>")
    assert not list((tmp_path / "outside").iterdir())


def test_syncs_that_write_the_same_file_at_once_do_not_meet(tmp_path: Path) -> None:
    """Each file is whole at every moment, whoever was last, and nothing is left beside it; not even by killed syncs."""
    database, folder = tmp_path / "mlflow.db", tmp_path / "mlartifacts" / "run" / "artifacts" / "figures"
    folder.mkdir(parents=True)
    (folder / "a.svg.1.2.tmp").write_bytes(b"<sv")
    os.utime(folder / "a.svg.1.2.tmp", (0, 0))
    contents_of = [bytes([letter]) * 100_000 for letter in b"abcdefgh"]

    def write_often(content: bytes) -> None:
        for _ in range(100):
            artifacts.put(database, "run", "figures", "a.svg", content)
            assert (folder / "a.svg").read_bytes() in contents_of

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_often, contents_of))
    assert [file.name for file in folder.iterdir()] == ["a.svg"]


def test_clients_that_do_not_see_the_disk_get_the_files_from_the_server(
    store: Store, server: Server, uri: str, tmp_path: Path
) -> None:
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(server.url)
    (top,) = client.search_runs(["1"], "tags.`sweep.role` = 'sweep'")
    assert files(server.url, top.info.run_id) == ["figures/a.svg", "widths.yaml"]
    got = client.download_artifacts(top.info.run_id, "figures/a.svg", str(tmp_path / "figures"))
    assert "<svg" in Path(got).read_text()


def test_runs_that_mlflow_gc_has_removed_come_back(store: Store, server: Server, uri: str, tmp_path: Path) -> None:
    """It reaches artifacts through the server."""
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(uri)
    for run in client.search_runs(["1"], "tags.`sweep.cell` = 'w2'"):
        client.delete_run(run.info.run_id)
    command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", uri]
    command += ["--tracking-uri", server.url]
    subprocess.run(command, check=True, capture_output=True)
    report = sync(store, uri, parent(tmp_path / "figures"))
    assert report.runs_created == 2 and len(recorded(store)) == 6
