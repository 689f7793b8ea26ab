"""`sweep rm`, `sweep prune` and `sweep du`: what goes, what stays, and what a kill in the middle leaves."""

import hashlib
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.launching import command_line
from tests.support.launching.command_line import Said
from tests.support.stores.recorded_sweeps import launched, record, write
from tracking.common.errors import Changed, Damaged
from tracking.records import layout
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases import lease
from tracking.records.ledger import Ledger
from tracking.records.store import Store

Run = Callable[..., Said]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Of y, with two trials, and of x, with these and two others, which were trained apart."""
    store = Store(str(tmp_path / "runs"))
    launched(write(tmp_path / "y.yaml", (2,)), store)
    launched(write(tmp_path / "x.yaml", (2, 4)), store)
    return store


def ids(file: Path) -> set[str]:
    return {t.id for t in expand(read(str(file)))}


def content(folder: Path) -> dict[str, str]:
    """Digests of all files, but for leases, of which the last one stays, and for the program's source."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.parent.name not in (layout.LEASES, layout.CODE))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_sweep_goes_with_the_trials_that_no_other_names(run: Run, store: Store, tmp_path: Path) -> None:
    said = run("rm", "x", "--yes").err
    assert "removes x: 2 trials in 1 bundle, 1 file of results;" in said
    assert "stays 2 trials that other sweeps name, too" in said and "removed 2 trials" in said
    ledger = Ledger.read(store)
    assert ledger.trials == ids(tmp_path / "y.yaml") and KeptSweeps.read(store.files).by_variant.keys() == {"y"}
    assert not (tmp_path / "runs/figures/x").exists() and len(list((tmp_path / "runs/records").iterdir())) == 1
    assert run("verify", "y", "--json").json["claims"][0]["verdict"] == "holds"
    run("rm", "y", "--yes")
    assert content(tmp_path / "runs") == {}


def test_comparisons_go_with_any_of_their_sweeps(run: Run, store: Store, tmp_path: Path) -> None:
    other = Store(str(tmp_path / "other"))
    launched(tmp_path / "y.yaml", other)
    for pair in (("x", "y"), ("y", "other::y"), ("other::y", "y")):
        run("compare", *pair)
    both = tmp_path / "runs/comparisons/x vs y"
    (one_of_two_stores,) = (p for p in both.parent.iterdir() if p != both)
    (both / "mine.txt").touch()
    shutil.copytree(both, tmp_path / "aside")

    assert "removes the comparison x vs y" in run("rm", "x", "--yes").err
    assert [p.name for p in both.iterdir()] == ["mine.txt"], "what is not of this program stays"
    shutil.copytree(tmp_path / "aside", both, dirs_exist_ok=True)
    assert run("prune", "--json").json["comparisons"] == 1
    (both / "mine.txt").unlink()
    assert "removes the comparison x vs y" in run("prune", "--yes").err and not both.exists()
    assert "nothing to remove" in run("prune").err and one_of_two_stores.exists()
    run("rm", "y", "--yes", "--store", "other")
    assert one_of_two_stores.exists(), "it is of another store than the one of which y was removed"
    run("rm", "y", "--yes")
    assert content(tmp_path / "runs") == {}


def test_several_sweeps_go_at_once(run: Run, store: Store, tmp_path: Path) -> None:
    assert "removed 4 trials" in run("rm", "x", "y", "--yes").err
    assert content(tmp_path / "runs") == {}


def test_a_bundle_stays_as_long_as_one_of_its_trials_is_named(run: Run, store: Store, tmp_path: Path) -> None:
    launched(write(tmp_path / "m.yaml", (64, 128)), store)
    launched(write(tmp_path / "n.yaml", (64,)), store)
    before = Ledger.read(store).trials
    said = run("rm", "m", "--yes").err
    assert "stays 2 trials that other sweeps name, too" in said
    assert "stays 2 trials trained in one bundle with trials that stay" in said
    assert Ledger.read(store).trials == before
    run("rm", "n", "--yes")
    assert Ledger.read(store).trials == before, "no sweep that was removed names the other trials of the bundle"
    assert "removes 4 trials that no sweep names" in run("prune", "--yes").err
    assert len(Ledger.read(store).trials) == len(before) - 4


def test_what_would_go_is_shown_and_without_an_answer_nothing_goes(run: Run, store: Store, tmp_path: Path) -> None:
    before = content(tmp_path / "runs")
    for command in (("rm", "x"), ("rm", "x", "y")):
        assert "Nobody can be asked here; give --yes" in run(*command, code=2).err
    assert run("rm", "x", "--json").json["removed"] is False
    assert "unknown sweep 'z'; known: x, y; `sweep ls --store" in run("rm", "z", code=2).err
    assert content(tmp_path / "runs") == before


def test_commands_in_messages_can_be_pasted(
    run: Run, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tmp_path / "runs", tmp_path / "whole")
    monkeypatch.chdir(tmp_path / "whole")  # from another folder than that of the store
    place = ("--store", str(tmp_path / "runs"))
    said = [run(*command, *place, code=2).err for command in (("rm", "z"), ("pack", "z", "z.tar"))]
    with lease.acquire(store.files, "x", frozenset(ids(tmp_path / "x.yaml")), print):
        said += [run("rm", "x", "--yes", *place, code=73).err, run("pack", "x", "x.tar", *place, code=73).err]
    for path in (tmp_path / "runs" / layout.SWEEPS).iterdir():
        path.unlink()
    said.append(run("prune", *place, code=2).err)
    pasted = [shlex.split(one)[1:] for text in said for one in re.findall(r"`(sweep [^`]*)`", text)]
    assert [one[0] for one in pasted] == ["ls", "ls", "status", "status", "rm"]
    shutil.copytree(tmp_path / "whole", tmp_path / "runs", dirs_exist_ok=True)
    for one in pasted:
        run(*one, *(["--yes"] if one[0] == "rm" else []))


def test_who_reads_records_that_are_removed_meanwhile_is_told_so(run: Run, store: Store) -> None:
    """Nothing is damaged, and no launch is needed to mend it."""
    ledger = Ledger.read(store)
    run("rm", "x", "y", "--yes")
    with pytest.raises(Changed, match="and its rows were removed while they were read") as found:
        ledger.rows(ledger.records.values())
    assert found.value.terminal_message().endswith("; run the command again")


def test_nothing_is_removed_below_a_launch_at_work(run: Run, store: Store, tmp_path: Path) -> None:
    before = content(tmp_path / "runs")
    with lease.acquire(store.files, "x", frozenset({"a trial that is missing"}), print):
        assert "works on sweep 'x'" in run("rm", "x", "--yes", code=73).err
    (tmp_path / "runs/records/lost").mkdir()
    (tmp_path / "runs/records/lost/a-0.parquet").write_bytes(b"left by a crash")
    with lease.acquire(store.files, "another", frozenset({"anything"}), print):
        assert "works on sweep 'another'" in run("prune", "--yes", code=73).err
        run("rm", "x", "--yes")
    assert content(tmp_path / "runs").keys() < {*before, "records/lost/a-0.parquet"}


def test_a_launch_waits_for_nobody_but_is_refused_while_a_prune_is_at_work(store: Store) -> None:
    with lease.acquire(store.files, "(sweep prune)", None, print):
        (claim,) = [c for c in lease.claims(store.files) if not c.released]
        assert claim.trials is None and claim.overlaps("any", frozenset({"other"})) and claim.overlaps("any", None)


KILLS = ("removal.manifests_gone", "commit.deleted", "commit.deleted@2", "commit.deleted@4", "removal.records_gone")


@pytest.mark.parametrize("place", KILLS)
def test_after_a_kill_every_command_reads_the_store_and_the_removal_can_go_on(
    place: str, store: Store, tmp_path: Path, run: Run
) -> None:
    whole = content(tmp_path / "runs")
    name, _, number = place.partition("@")
    command_line.killed(f"{name}=kill@{number or 1}", "rm", "x", "--yes")
    left = content(tmp_path / "runs")
    assert len(left) < len(whole) and layout.sweep("x") in left
    assert run("status", "y", "--json").json["trials"] == {"total": 2, "finished": 2}
    assert run("status", "x", "--json").json["trials"] == {"total": 4, "finished": 2, "missing": 2}
    assert run("verify", "y", "--json").json["claims"][0]["verdict"] == "holds"
    assert len(run("ls", "--json").json["sweeps"]) == 2
    run("rm", "x", "--yes")
    run("prune", "--yes")
    y = KeptSweeps.read(store.files).by_variant["y"]
    there = {name for name in whole if "/x" not in name and Ledger.read(store).winners[y.version.trials[0]][0] in name}
    assert content(tmp_path / "runs").keys() == {*there, layout.sweep("y"), "figures/y/claims.json"}


@pytest.fixture
def unneeded(store: Store, tmp_path: Path) -> Store:
    """The same, of which prune takes trials of x before it was edited, of no sweep at all, and files of no bundle."""
    launched(write(tmp_path / "x.yaml", (8,)), store)
    record(expand(read(str(write(tmp_path / "never.yaml", (16,))))), store)
    y = Ledger.read(store).winners[next(iter(ids(tmp_path / "y.yaml")))][0]
    for name in (f"checkpoints/{y}/dead-3.bin", "weights/lost/dead-1.safetensors", "records/lost/notes.txt"):
        (tmp_path / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "runs" / name).write_bytes(b"x" * 1000)
    return store


def test_prune_removes_what_is_superseded_and_left_over(run: Run, unneeded: Store, tmp_path: Path) -> None:
    store = unneeded
    shown = run("prune", "--json").json
    assert (shown["removed"], shown["trials"], shown["superseded_trials"], shown["leftover_files"]) == (False, 4, 2, 2)
    said = run("prune", "--yes").err
    assert "removes 2 trials that no sweep names" in said and "removes 2 superseded trials: of earlier versions" in said
    assert "removes the earlier versions of x that name them" in said and "2 files that no record names, 2 kB" in said
    kept = KeptSweeps.read(store.files).by_variant
    assert Ledger.read(store).trials == {*kept["x"].version.trials, *kept["y"].version.trials}
    assert len(kept["x"].versions) == 1 and (tmp_path / "runs/records/lost/notes.txt").exists()
    assert "nothing to remove" in run("prune").err


def runs_of_trials(tmp_path: Path) -> dict[str, str]:
    """By trial, whether MLflow shows its run of x, "active", or has it in the bin, "deleted"."""
    with closing(sqlite3.connect(tmp_path / "runs/mlflow.db")) as database:
        found = database.execute(
            "SELECT t.value, r.lifecycle_stage FROM runs r JOIN tags t USING (run_uuid) WHERE t.key = 'sweep.trial_id'"
        ).fetchall()
    assert len(dict(found)) == len(found), "two runs of a trial"
    return dict(found)


def test_prune_takes_the_runs_in_mlflow_of_the_trials_that_it_removes(run: Run, store: Store, tmp_path: Path) -> None:
    run("sync", "x.yaml")
    before = ids(tmp_path / "x.yaml")
    launched(write(tmp_path / "x.yaml", (2, 8)), store)
    run("sync", "x.yaml")
    now = ids(tmp_path / "x.yaml")
    assert runs_of_trials(tmp_path) == dict.fromkeys(before | now, "active")

    whole, kept = tmp_path / "runs/mlflow.db", content(tmp_path / "runs")
    whole.rename(tmp_path / "aside")
    whole.write_bytes(b"no database " * 100)
    assert "file is not a database" in run("prune", "--yes", code=74).err
    (tmp_path / "aside").rename(whole)
    assert content(tmp_path / "runs") == kept, "where MLflow cannot be written, nothing goes"

    said = run("prune", "--yes").err
    assert "removes the runs in MLflow of 2 of these" in said
    assert "its bin has 2 runs of trials; `mlflow gc --backend-store-uri sqlite:///" in said
    shown = {trial for trial, stage in runs_of_trials(tmp_path).items() if stage == "active"}
    assert shown == Ledger.read(store).trials == now
    run("sync", "x.yaml")
    assert runs_of_trials(tmp_path) == {**dict.fromkeys(before - now, "deleted"), **dict.fromkeys(now, "active")}
    assert "nothing to remove" in run("prune").err


PRUNE_KILLS = (
    "lease.claimed", "sweep.kept_written", "sweep.kept_renamed", "commit.deleted", "removal.manifests_gone",
    "commit.deleted@3", "commit.deleted@5", "removal.records_gone", "lease.release_written",
)  # fmt: skip


@pytest.mark.parametrize("place", PRUNE_KILLS)
def test_a_prune_that_was_killed_has_lost_nothing_and_can_be_asked_for_again(
    place: str, run: Run, unneeded: Store, tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "runs", tmp_path / "undisturbed")
    run("prune", "--yes", "--store", "undisturbed")
    name, _, number = place.partition("@")
    command_line.killed(f"{name}=kill@{number or 1}", "prune", "--yes")
    for sweep in ("x", "y"):
        assert run("status", f"{sweep}.yaml", "--json").json["trials"] == {"total": 2, "finished": 2}
        assert run("verify", sweep, "--json").json["claims"][0]["verdict"] == "holds"
    assert len(run("ls", "--json").json["sweeps"]) == 2 and run("du", "--json").json["bytes"]
    run("prune", "--yes")
    left = {name: digest for name, digest in content(tmp_path / "runs").items() if not name.endswith(".tmp")}
    assert left == content(tmp_path / "undisturbed")
    launched(tmp_path / "y.yaml", unneeded)
    assert not [*(tmp_path / "runs").rglob("*.tmp")]


def test_what_is_not_known_to_be_needed_is_not_pruned(run: Run, store: Store, tmp_path: Path) -> None:
    kept = tmp_path / "runs" / layout.sweep("x")
    text = kept.read_text()
    kept.write_text("{")
    assert "is no JSON" in run("prune", "--yes", code=Damaged.exit_code).err
    kept.unlink()
    assert "has results of x, launched by an older version" in run("prune", "--yes", code=2).err
    assert "removes x: 0 trials in 0 bundles, 1 file of results" in run("rm", "x", "--yes").err
    (tmp_path / "runs" / layout.sweep("y")).unlink()
    (tmp_path / "runs/figures/y/claims.json").unlink()
    assert "keeps no sweep, so that none of its trials is known to be needed" in run("prune", "--yes", code=2).err
    assert len(Ledger.read(store).trials) == 4 and text


def test_sizes_add_up(run: Run, store: Store, tmp_path: Path) -> None:
    (tmp_path / "runs/notes.txt").write_bytes(b"x" * 1234)
    found = run("du", "--json").json
    assert found["bytes"] == sum(p.stat().st_size for p in (tmp_path / "runs").rglob("*") if p.is_file())
    assert found["kinds"]["other"] == 1234 and {"records", "weights", "sweeps", "figures"} <= found["kinds"].keys()
    x, y = found["sweeps"]["x"], found["sweeps"]["y"]
    assert 0 < y["shared_bytes"] == x["shared_bytes"] < y["bytes"] < x["bytes"]
    assert "notes" not in run("du").err and "1.23 kB" in run("du").err


def test_a_copy_and_a_moved_store_stand_for_themselves(run: Run, store: Store, tmp_path: Path) -> None:
    whole = content(tmp_path / "runs")
    shutil.copytree(tmp_path / "runs", tmp_path / "copy")
    run("rm", "x", "--yes", "--store", "copy")
    assert content(tmp_path / "runs") == whole and len(run("ls", "--json", "--store", "copy").json["sweeps"]) == 1
    (tmp_path / "runs").rename(tmp_path / "moved")
    (tmp_path / "y.yaml").unlink()
    assert run("verify", "y", "--json", "--store", "moved").json["claims"][0]["verdict"] == "holds"
    before = run("ls", "--json", "--store", "moved").json["sweeps"]
    launched(write(tmp_path / "x.yaml", (2, 4, 8)), Store(str(tmp_path / "moved")))
    assert [one["versions"] for one in before] == [1, 1]
    assert [one["versions"] for one in run("ls", "--json", "--store", "moved").json["sweeps"]] == [2, 1]
