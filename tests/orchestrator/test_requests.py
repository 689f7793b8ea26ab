"""How often commands read the store: once; a launch once before its work and once after it. Each file of rows once."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sweeps
from orchestrator import cli
from tests.support.stores.count_requests import Requests, counted
from tracking.records import layout

TYPED = ("--local", "--set", "epochs=2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with a store in which the demo is recorded."""
    folder = tmp_path_factory.mktemp("requests")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("SWEEP_STORE", raising=False)
        run("launch", *TYPED)
        yield folder


def run(command: str, *options: str) -> Requests:
    """The requests of a command line on the debug profile of the demo."""
    with counted() as requests, pytest.raises(SystemExit) as ended:
        cli.main([command, "demo", "--profile", "debug", "--json", *options])
    assert ended.value.code in (0, None)
    return requests


def reads(requests: Requests, ending: str) -> Counter[str]:
    """How often each file with this ending was read."""
    return Counter({n: k for (kind, n), k in requests.made.items() if kind == "read" and n.endswith(ending)})


def test_a_launch_reads_the_store_before_and_after_its_work(folder: Path) -> None:
    """The records of other trials are there. After the claim the store is listed once more, and no manifest is read."""
    known = set(manifests(folder))
    requests = run("launch", *TYPED, "--set", "net.depth=3", "--set", "optimizer.learning_rate=0.05")
    made = set(manifests(folder)) - known
    assert requests.full_reads() == 3 and len(known) >= 2 and len(made) >= 2
    read = reads(requests, layout.MANIFEST)
    assert {name: read[name] for name in known} == dict.fromkeys(known, 1), "what was there is read before the work"
    # A new one by its worker, which finds none, and after the work.
    assert {name: read[name] for name in made} == dict.fromkeys(made, 2)
    assert set(reads(requests, layout.SEGMENT).values()) <= {1}, "or what the mirror has read is used"


def test_a_launch_with_nothing_to_do_reads_the_store_once(folder: Path) -> None:
    requests = run("launch", *TYPED)
    assert requests.full_reads() == 1 and requests.most("read", layout.MANIFEST) == 1
    assert requests.most("read", layout.SEGMENT) <= 1
    assert requests.count("write") == requests.count("write", layout.SWEEPS) == 2, "that it was launched, and its end"


@pytest.mark.parametrize("command", ["status", "plan", "verify", "curves", "sync"])
def test_a_command_reads_the_store_once(command: str, folder: Path) -> None:
    requests = run(command, "--set", "epochs=2")
    assert requests.full_reads() == 1 and requests.most("read", layout.MANIFEST) == 1
    assert requests.most("read", layout.SEGMENT) == (0 if command in ("status", "plan") else 1)
    assert not requests.count("write")


ASKED: dict[str, Callable[[sweeps.Sweep, str], object]] = {
    "plan": sweeps.plan,
    "trials": sweeps.trials,
    "rows": sweeps.rows,
    "curve": lambda sweep, store: sweeps.curve(sweep, "error", store),
    "figure": lambda sweep, store: sweeps.figure(sweep, "error", store),
    "verdicts": sweeps.verdicts,
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_notebook_reads_the_store_once(asked: str, folder: Path) -> None:
    demo = sweeps.read("demo", "debug", ["epochs=2"])
    with counted() as requests:
        ASKED[asked](demo, str(folder / "runs"))
    assert requests.full_reads() == 1
    assert requests.most("read", layout.MANIFEST) == 1 and requests.most("read", layout.SEGMENT) <= 1


def manifests(folder: Path) -> list[str]:
    found = (folder / "runs" / layout.RECORDS).glob(f"*/{layout.MANIFEST}")
    return [os.path.relpath(path, folder / "runs") for path in found]
