"""Launches as real processes, which tests kill, suspend, deprive of disk space and run again. Nothing here is a mock.

The program that runs is a copy of this one with one experiment more (misbehaving.py), whose trials misbehave on demand.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.checkout import ROOT
from tests.support.launching import processes
from tests.support.launching.processes import Process
from tests.support.launching.waiting import HANG_S, until
from tests.support.stores import compare_records
from tracking.common.named_files.user_files import FOLDERS

HERE = Path(__file__).parent
QUICKLY = {  # what makes faults quick to notice; nothing about results
    "SWEEP_COMMIT_S": "0",
    "SWEEP_LEASE_S": "3",
    "SWEEP_HANG_S": "3",
    "SWEEP_LOST_S": "3",
    "OMP_NUM_THREADS": "1",
}


@dataclass
class Launch:
    """One command line that runs or has run. Its session is its own: whatever it starts is found by that."""

    folder: Path
    base: Path
    arguments: tuple[str, ...]

    @property
    def pid(self) -> int:
        return int(until(lambda: _text(self.base.with_suffix(".pid")), "a process id"))

    @property
    def code(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        text = _text(self.base.with_suffix(".code"))
        return int(text) if text else None

    @property
    def out(self) -> str:
        return _text(Path(f"{self.base}.out"))

    @property
    def err(self) -> str:
        return _text(Path(f"{self.base}.err"))

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object of its last line."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found

    def wait(self, seconds: float = HANG_S) -> int:
        until(lambda: self.code is not None, f"the end of {self.arguments}:\n{self.err}", seconds)
        assert self.code is not None
        return self.code

    def ends(self, code: int, seconds: float = HANG_S) -> "Launch":
        """Waits until it ends, and this must be its exit code."""
        assert self.wait(seconds) == code, f"{self.arguments} ended with {self.code}:\n{self.err}"
        assert "Traceback" not in self.err, self.err
        return self

    def send(self, number: int) -> None:
        """A signal to the process itself; too late does not matter."""
        processes.send(self.pid, number)

    @property
    def stopped(self) -> bool:
        """Whether it is suspended."""
        return processes.stopped(self.pid)

    def processes(self) -> list[Process]:
        """What runs in its session now."""
        return [Process(pid, processes.kind(pid, self.pid)) for pid in processes.in_session(self.pid)]

    def pids(self, kind: str) -> list[int]:
        return [p.pid for p in self.processes() if p.kind == kind]

    def destroy(self) -> None:
        """Kills everything that is left of it."""
        for pid in processes.in_session(self.pid):
            processes.kill(pid)
        until(lambda: self.code is not None and not processes.in_session(self.pid), "the end of all its processes")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@dataclass
class Program:
    """The copy of the program under test, and the process that forks its command lines."""

    root: Path
    forker: subprocess.Popen[str] = field(init=False)
    started: list[Launch] = field(default_factory=list)

    def __post_init__(self) -> None:
        for package in ("orchestrator", "workers", "tracking", "sweeps"):
            shutil.copytree(ROOT / package, self.root / "program" / package)
        shutil.copy(HERE / "misbehaving.py", self.root / "program/workers/experiments/misbehaving.py")
        (self.root / "runs").mkdir()
        self.forker = subprocess.Popen(
            [sys.executable, str(HERE / "forked_launches.py"), str(self.database)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd=self.root, env={**os.environ, **self.environment},
        )  # fmt: skip
        assert self.forker.stdout and self.forker.stdout.readline() == "ready\n"

    @property
    def database(self) -> Path:
        return self.root / "empty/mlflow.db"

    @property
    def environment(self) -> dict[str, str]:
        from tracking.mirror.mlflow_settings import ENVIRONMENT

        return {"PYTHONPATH": str(self.root / "program"), "OMP_NUM_THREADS": "1", **ENVIRONMENT}

    def start(
        self, folder: Path, *arguments: str, limits: dict[str, int] | None = None, fresh: bool = False,
        umask: int = 0o022, waits: Mapping[str, str] = QUICKLY, **environment: str,
    ) -> Launch:  # fmt: skip
        """Starts a command line in `folder`, or the Python code after "-c".

        `fresh`: in a new Python, not in a fork of one that has imported everything. `waits`: how soon it takes others
        for dead; an empty one leaves that as users have it.
        """
        launch = Launch(folder, self.root / "runs" / uuid.uuid4().hex[:12], arguments)
        order = {
            "folder": str(folder), "arguments": arguments, "base": str(launch.base), "fresh": fresh, "umask": umask,
            "limits": limits or {}, "environment": {**os.environ, **self.environment, **waits, **environment},
        }  # fmt: skip
        assert self.forker.stdin
        self.forker.stdin.write(json.dumps(order) + "\n")
        self.forker.stdin.flush()
        self.started.append(launch)
        return launch

    def run(self, folder: Path, *arguments: str, seconds: float = HANG_S, **environment: Any) -> Launch:
        """The same, and waits until it has ended."""
        launch = self.start(folder, *arguments, **environment)
        launch.wait(seconds)
        return launch

    def with_database(self, folder: Path, store: str = "runs") -> Path:
        """Puts the empty MLflow store where a launch in `folder` looks for one."""
        target = folder / store / "mlflow.db"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(self.database, target)
        return target

    def clean(self) -> None:
        """Kills what was started since the last time."""
        while self.started:
            self.started.pop().destroy()

    def close(self) -> None:
        self.clean()
        assert self.forker.stdin and self.forker.stdout
        self.forker.stdin.close()
        self.forker.stdout.close()
        self.forker.wait(30)


@contextmanager
def program(root: Path) -> Iterator[Program]:
    """The program under test, until the body ends; nothing that it started outlives it."""
    made = Program(root)
    try:
        yield made
    finally:
        made.close()


def sweep(experiment: str, fixed: dict[str, Any], vary: dict[str, Any] | None = None, **more: Any) -> str:
    """A sweep file. JSON is YAML."""
    about = {"title": "faults", "source": "test", "experiment": experiment, "fixed": fixed}
    return json.dumps({**about, "vary": vary or {"seed": [0]}, **more}, indent=1)


@dataclass
class Place:
    """A folder in which one sweep is launched again and again. variants: options that make other trials of it, which
    are launched, too. store: where its records are. first: the sweep file in the beginning, if it was changed."""

    program: Program
    folder: Path
    variants: tuple[tuple[str, ...], ...] = ()
    store: Path = field(init=False)
    first: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.store = self.folder / "runs"

    def write(self, text: str) -> "Place":
        """Writes the sweep file."""
        self.program.with_database(self.folder)
        if (self.folder / "faults.yaml").exists():
            self.first = self.first or (self.folder / "faults.yaml").read_text()
        (self.folder / "faults.yaml").write_text(text)
        return self

    def start(self, *options: str, **how: Any) -> Launch:
        """Starts to launch the sweep, without Ray unless the options say otherwise."""
        local = () if "--ray" in options else ("--local",)
        options = tuple(o for o in options if o != "--ray")
        return self.program.start(self.folder, "launch", "faults.yaml", *local, "--json", *options, **how)

    def launch(self, *options: str, seconds: float = HANG_S, **how: Any) -> Launch:
        """Launches the sweep and waits for the end."""
        launch = self.start(*options, **how)
        launch.wait(seconds)
        return launch

    def status(self) -> dict[str, int]:
        """As `sweep status` says."""
        found: dict[str, int] = (
            self.program.run(self.folder, "status", "faults.yaml", "--json").ends(0).result["trials"]
        )
        return found

    def begun(self, launch: Launch, commits: int = 1) -> None:
        """Waits for so many commits, of any bundles."""
        until(lambda: self.commits() >= commits or launch.code is not None, "a commit")
        assert launch.code is None, launch.err

    def commits(self) -> int:
        """How many commits there are, of all bundles."""
        return sum(len(manifest["clock"]) for manifest in compare_records.manifests(self.store))

    def undisturbed(self) -> Path:
        """The store of launches of the same sweep that nothing disturbs: of its file as it was in the beginning, then
        as it is now, then with each of `variants`; made once."""
        text = (self.folder / "faults.yaml").read_text()
        texts = [self.first, text] if self.first else [text]
        made_of = "\n".join([*texts, str(self.variants)])
        root = self.program.root / "undisturbed" / hashlib.sha256(made_of.encode()).hexdigest()[:12]
        if not (root / "runs").exists():
            self.program.with_database(root)
            self._copy_own_files(root)
            for content in texts:
                Place(self.program, root, self.variants).write(content).launch_all(SWEEP_COMMIT_S="5")
        return root / "runs"

    def fresh(self) -> "Place":
        """Another place for the same sweep as it is now, in which nothing has been launched."""
        other = Place(self.program, self.program.root / f"fresh-{uuid.uuid4().hex[:6]}")
        self._copy_own_files(other.folder)
        return other.write((self.folder / "faults.yaml").read_text())

    def _copy_own_files(self, folder: Path) -> None:
        """The user's own Python files beside the sweep."""
        for own in FOLDERS:
            if (self.folder / own).exists():
                shutil.copytree(self.folder / own, folder / own)

    def launch_all(self, **how: Any) -> None:
        """Launches the sweep and its variants, each to its end."""
        for options in ((), *self.variants):
            self.launch(*options, seconds=600, **how).ends(0)

    def is_whole(self, mirror: bool = True) -> None:
        """One more launch, and everything is as if nothing had ever happened; MLflow, too."""
        self.launch_all()
        difference = compare_records.compare(self.store, self.undisturbed())
        assert not difference, difference
        assert compare_records.dump(self.store) == compare_records.dump(self.undisturbed())
        assert compare_records.leftovers(self.store) == []
        assert not mirror or self.wrong_runs(self.store / "mlflow.db") == []

    def wrong_runs(self, database: Path) -> list[str]:
        """Trials whose runs are not those of a mirror made anew from the same records."""
        rebuilt = self.folder / f"rebuilt-{uuid.uuid4().hex[:6]}"
        uri = f"sqlite:///{self.program.with_database(rebuilt)}"
        for options in ((), *self.variants):
            self.program.run(self.folder, "sync", "faults.yaml", *options, "--tracking-uri", uri).ends(0)
        return compare_records.wrong_runs(database, rebuilt / "runs/mlflow.db")
