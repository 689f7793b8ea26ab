"""Runs commands on changed stores and sweep files, in this process: `python -m tests.support.fuzz.run --inputs 10000`.

Of every input: the exit code is one of the table, nothing raises, no text steers a terminal, nothing above the store is
changed, no process is left, and a launch after a change of the store ends with the rows of an undisturbed one or says
why not.
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from orchestrator import cli
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.fuzz import json_trees, stores
from tests.support.fuzz.sweeps import MEASURED, RECORDED, RIDGE
from tests.support.stores import compare_records
from tracking.common.program import shipped_sweeps
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work
from workers.trial import Trial

CODES = {0, 1, 2, 73, 74, 75}
SLOW_S = 20.0  # of a processor
READING = ("plan", "status", "verify", "show")


@dataclass
class Findings:
    """What was found: exit codes by command, and a line with its seed for everything that must not be."""

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Fuzzer:
    """Inputs from one seed, in one folder. `launches`: of how many changed stores one is launched on."""

    folder: Path
    seed: int = 0
    launches: int = 10
    database: Path | None = None  # an empty one of MLflow's, which takes seconds to make
    found: Findings = field(default_factory=Findings)

    def prepare(self) -> "Fuzzer":
        """Two stores that launches have left, each with a bundle that is not done, and what lies beside them."""
        (self.folder / "outside").mkdir(parents=True)
        (self.folder / "outside/file").write_text("not the store's")
        os.chdir(self.folder)
        for name, content in {**RECORDED, "measured": MEASURED}.items():
            (self.folder / f"{name}.yaml").write_text(json_trees.text(content))
        for name in RECORDED:
            self._record(name)
        return self

    def _record(self, name: str) -> None:
        """Records half of a sweep; whole/<name> is the store then, and `rows` what it holds once all is done."""
        runs, whole = self.folder / "runs", self.folder / "whole" / name
        if self.database:
            runs.mkdir()
            shutil.copy(self.database, runs / "mlflow.db")
        assert self.command("launch", f"{name}.yaml", "--local", "--limit", "2") in (0, 1), self.said
        _begin(Store("runs"), expand(read(f"{name}.yaml"))[2:])
        (runs / "code").mkdir(exist_ok=True)
        (runs / "code/0a.zip").write_text("files")
        for large in ("figures", "mlartifacts"):
            _remove(runs / large)
        shutil.copytree(runs, whole)
        assert self.command("launch", f"{name}.yaml", "--local") in (0, 1), self.said
        self.rows[name] = compare_records.dump(runs)
        _remove(runs)

    def store(self, number: int) -> None:
        """The commands on a store with one change."""
        chance = random.Random(f"store {self.seed} {number}")
        name = chance.choice(list(RECORDED))
        _copy(self.folder / "whole" / name, self.folder / "runs", number % self.launches == 0)
        what, forged = stores.change(self.folder / "runs", chance)
        about = f"store {number} {name} {what}"
        for command in READING:
            self.checked(about, command, *(["0"] if command == "show" else [f"{name}.yaml"]))
        if number % self.launches == 0:
            self._launched(about, name, "measured" if name == "network" and chance.random() < 0.5 else name, forged)
        _remove(self.folder / "runs")

    def _launched(self, about: str, name: str, asked: str, forged: bool) -> None:
        """A launch on a changed store. What it records is what it would have recorded, unless the change had a right
        checksum, or other measures are asked for."""
        code = self.checked(about, "launch", f"{asked}.yaml", "--local")
        same = asked == name and not forged and code in (0, 1) and "weights/" not in about  # not read, not noticed
        if same and compare_records.dump(self.folder / "runs") != self.rows[name]:
            self.found.wrong.append(f"{about}: launch ended with {code}, and its records are others\n{self.said}")
        self.checked(about, "curves", f"{asked}.yaml")

    def sweep(self, number: int) -> None:
        """`plan` of a sweep file with one or two changes."""
        chance = random.Random(f"sweep {self.seed} {number}")
        tree, what = json_trees.changed(chance.choice(_sweeps()), chance)
        written = json_trees.text(tree)
        if chance.random() < 0.2:
            place = chance.randrange(len(written))
            written = written[:place] + chance.choice(json_trees.TEXTS) + written[place + chance.randrange(3) :]
            what += f", and text at {place}"
        (self.folder / "changed.yaml").write_text(written, "utf-8", "surrogatepass")
        self.checked(f"sweep {number} {what}", "plan", "changed.yaml", "--local")

    def checked(self, about: str, *arguments: str) -> int | None:
        """Runs a command and notes everything that must not be; its exit code, None where it raised."""
        before, start = _around(self.folder), time.process_time()
        try:
            code = self.command(*arguments)
        except BaseException:
            self.found.wrong.append(f"{about}: {arguments[0]} raised\n{traceback.format_exc()}")
            return None
        self.found.codes[arguments[0], code] += 1
        bad = [c for c in self.said if not c.isprintable() and c not in "\n"]
        for wrong, why in (
            (code not in CODES, f"code {code}"),
            (_around(self.folder) != before, "changed something outside the store"),
            (bool(bad), f"printed {bad[:3]}"),
            ("Traceback" in self.said, f"printed a traceback: {self.said}"),
            (time.process_time() - start > SLOW_S, f"took {time.process_time() - start:.0f} s"),
            (code != 0 and not self.said.strip(), f"ended with {code} and said nothing"),
        ):
            if wrong:
                self.found.wrong.append(f"{about}: {arguments[0]} {why}")
        return code

    def command(self, *arguments: str) -> int:
        """The exit code of a command line; what it printed is in `said`."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                cli.main(list(arguments))
            except SystemExit as end:
                return int(end.code or 0)
            finally:
                self.said = out.getvalue()
        raise AssertionError("a command line did not end")

    said: str = ""
    rows: dict[str, bytes] = field(default_factory=dict)  # of each sweep, what an undisturbed launch records


def _begin(store: Store, trials: Sequence[Trial]) -> None:
    """Runs a bundle until it has reported once, and has committed with a checkpoint."""
    with contextlib.closing(work(store, together(trials), "cpu")) as reports:
        next(reports)


def _children() -> set[str]:
    """The processes that this one has started and that have not ended."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def _sweeps() -> list[object]:
    if not SWEEPS:
        SWEEPS.extend([RIDGE] * 3 + [yaml.safe_load(path.read_text()) for path in shipped_sweeps().values()])
    return SWEEPS


SWEEPS: list[object] = []


def _around(folder: Path) -> dict[str, tuple[int, int]]:
    """What lies above the store, and when it was changed."""
    kept = [p for p in folder.rglob("*") if "runs" not in p.relative_to(folder).parts[:1]]
    return {str(p): ((s := p.lstat()).st_size, s.st_mtime_ns) for p in kept}


def _copy(whole: Path, to: Path, with_database: bool) -> None:
    _remove(to)
    ignored = () if with_database else ("mlflow.db*",)
    shutil.copytree(whole, to, symlinks=True, ignore=shutil.ignore_patterns(*ignored))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fuzzer(seed: int = 0, launches: int = 10, database: Path | None = None) -> Iterator[Fuzzer]:
    """A fuzzer in a folder of its own, which is also the working folder. Speeds measured elsewhere are not read, and a
    lease that nobody renews is soon taken over."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", f"{folder}/cache")
        environment.setenv("SWEEP_LEASE_S", "0.6")
        try:
            yield Fuzzer(Path(folder) / "work", seed, launches, database).prepare()
        finally:
            os.chdir(before)


def part(order: tuple[int, range, int], database: Path | None = None) -> Findings:
    """Runs some of the inputs: in a process of its own where there are many."""
    seed, numbers, launches = order
    with fuzzer(seed, launches, database) as one:
        before = _children()
        for number in numbers:
            one.store(number)
            one.sweep(number)
        if left := _children() - before:
            one.found.wrong.append(f"processes left: {left}")
        return one.found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="half of them stores, half of them sweep files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--launches", type=int, default=10, help="a launch on one in so many changed stores")
    asked = parser.parse_args()
    each, start = asked.inputs // 2, time.monotonic()
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        orders = [(asked.seed, range(k, each, asked.processes), asked.launches) for k in range(asked.processes)]
        parts = pool.map(part, orders)
    codes: Counter[tuple[str, int]] = sum((one.codes for one in parts), Counter())
    wrong = [line for one in parts for line in one.wrong]
    print("\n".join(wrong))
    print(f"{2 * each} inputs, {codes.total()} commands, {len(wrong)} findings; seed {asked.seed}, ", end="")
    print(f"{time.monotonic() - start:.0f} s; {dict(sorted(codes.items()))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
