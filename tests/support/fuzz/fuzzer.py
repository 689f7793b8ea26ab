"""One input after the other: a changed store, a changed archive or a changed sweep file, and commands on it.

Whatever was changed: the exit code is one of the table; nothing raises; no text steers a terminal; who fails says why;
with --json there is JSON; nothing outside the store is changed, and nothing inside by a command that reads; no process
is left; nothing hangs. What is not damaged is not lost by `prune`, and comes out of a launch or an archive as it was.
"""

import functools
import json
import os
import random
import shutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.support.fuzz import archives, commands, json_trees, prepare, stores
from tests.support.fuzz.commands import Command
from tests.support.fuzz.sweeps import COMPUTED, RECORDED
from tests.support.fuzz.ways_to_run import Ended, Way, in_process
from tests.support.stores import compare_records
from tracking.common.program_sources import shipped_sweeps

CODES = {0, 1, 2, 73, 74, 75}
SLOW_S = 20.0  # of a processor
IN_PROCESSES, IN_NEW_PYTHONS = 0.10, 0.005  # of the inputs
KINDS = ["store"] * 11 + ["archive"] * 3 + ["sweep"] * 6
FREE = ("runs", "written", "whole", "files")  # where commands write, and what is not looked at again


@dataclass
class Tried:
    """An input: what was changed, the commands with their exit codes, and a line for everything that must not be."""

    number: int
    kind: str
    about: str = ""
    how: str = ""  # its commands were run: "in this process", "in forks", "in new Pythons"
    codes: list[tuple[str, int | None]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Fuzzer:
    """Inputs of one seed, in a folder of its own, which is the working folder. prepared: as `prepare` has left it.
    launches: of how many changed stores one is launched on. processes: runs commands in processes, if given."""

    prepared: Path
    folder: Path
    seed: int = 0
    launches: int = 60
    processes: Callable[[bool], Way] | None = None
    way: Way = in_process
    tried: Tried = field(init=False)

    def __post_init__(self) -> None:
        prepare.write_files(self.folder)
        for name in ("outside", "written"):
            (self.folder / name).mkdir()
        (self.folder / "outside/file").write_text("not the store's")
        (self.folder / "whole").symlink_to(self.prepared / "whole")

    def input(self, number: int) -> Tried:
        """Makes an input and runs its commands."""
        chance = random.Random(f"{self.seed} {number}")
        kind = chance.choice(KINDS)
        self.tried = Tried(number, kind, how=self._choose_way(chance.random()))
        try:
            {"store": self._store, "archive": self._archive, "sweep": self._sweep}[kind](chance)
        except Exception:  # a mistake of the fuzzer's is shown with its input, and the others are tried
            self._note(f"the fuzzer itself raised\n{traceback.format_exc()}")
        for name in ("runs", "written"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "written").mkdir()
        return self.tried

    def _choose_way(self, drawn: float) -> str:
        self.way = in_process
        if self.processes is None or drawn >= IN_PROCESSES:
            return "in this process"
        fresh = drawn < IN_NEW_PYTHONS
        self.way = self.processes(fresh)
        return "in new Pythons" if fresh else "in forks"

    def _store(self, chance: random.Random) -> None:
        name, long = chance.choice(list(RECORDED)), chance.random() < 1 / self.launches
        runs, words = self.folder / "runs", self._words(name, chance)
        shutil.copytree(
            self.prepared / "whole" / name, runs, ignore=shutil.ignore_patterns(*() if long else ("mlflow.db*",))
        )
        if chance.random() < 0.5:
            max((runs / "leases").iterdir()).unlink()  # of the launch that gives no sign of life
        what, forged = stores.change(runs, chance)
        self.tried.about = f"{name} {what}"
        for command in chance.sample(commands.READ, 2):
            self._reads(commands.filled(command, **words))
        if long:
            self._launch(name, chance, forged)
            self._run(commands.filled(chance.choice(commands.LONG), **words))
        elif chance.random() < 0.4:
            self._write(commands.filled(chance.choice(commands.WRITE), **words), name)

    def _launch(self, name: str, chance: random.Random, forged: bool) -> None:
        """A launch records what it would have recorded, unless the change had a right checksum, or other measures are
        asked for, or the sweep's own text is another."""
        asked = "measured" if name == "networks" and chance.random() < 0.3 else name
        ended = self._run(("launch", f"{asked}.yaml", "--local"))
        unread = self.tried.about.startswith(f"{name} weights/")
        same = asked == name and not forged and not unread and ended.code in (0, 1)
        if same and compare_records.dump(self.folder / "runs") != (self.prepared / "rows" / name).read_bytes():
            self._note(f"launch ended with {ended.code}, and its records are others\n{ended.err}")

    def _write(self, command: Command, name: str) -> None:
        """After `prune` a sweep has the trials that it had, unless what names them was changed."""
        count = ("status", f"{name}.yaml", "--json")
        compared = command[0] == "prune" and f"{name} sweeps/" not in self.tried.about
        before = self.way(count) if compared else None
        ended = self._run(command)
        if before and before.code == 0 and ended.code == 0:
            after = self.way(count)
            if _trials(after) != _trials(before):
                self._note(f"{command} has changed what there is: {_trials(before)} became {_trials(after)}")

    def _archive(self, chance: random.Random) -> None:
        name, archive = chance.choice(list(RECORDED)), self.folder / "changed.tar"
        words = self._words(name, chance)
        what, forged = archives.change(self.prepared / f"whole/{name}.tar", archive, self.folder / "files", chance)
        self.tried.about = what
        if chance.random() < 0.2:
            shutil.copytree(
                self.prepared / "whole" / name, self.folder / "runs", ignore=shutil.ignore_patterns("mlflow.db*")
            )
        fresh = not (self.folder / "runs").exists()
        ended = self._run(("unpack", archive.name))
        same = fresh and not forged and ended.code == 0
        if same and compare_records.dump(self.folder / "runs") != (self.prepared / f"rows/{name}.tar").read_bytes():
            self._note("unpacked as something else")
        for command in chance.sample(commands.UNPACKED, 2) if ended.code == 0 else ():
            self._reads(commands.filled(command, **words))
        archive.unlink()

    def _sweep(self, chance: random.Random) -> None:
        tree, what = json_trees.changed(chance.choice(_sweeps()), chance)
        written = json_trees.text(tree)
        if chance.random() < 0.2:
            place = chance.randrange(len(written))
            written = written[:place] + chance.choice(json_trees.TEXTS) + written[place + chance.randrange(3) :]
            what += f", and text at {place}"
        (self.folder / "changed.yaml").write_text(written, "utf-8", "surrogatepass")
        self.tried.about = what
        self._run(
            commands.filled(chance.choice((*commands.ON_A_FILE[:1] * 4, *commands.ON_A_FILE)), file="changed.yaml")
        )

    def _copy(self, name: str, with_database: bool) -> None:
        left_out = shutil.ignore_patterns(*() if with_database else ("mlflow.db*",))
        shutil.copytree(self.prepared / "whole" / name, self.folder / "runs", ignore=left_out)

    def _words(self, name: str, chance: random.Random) -> dict[str, str]:
        kept = json.loads((self.prepared / f"whole/{name}/sweeps/{name}.json").read_bytes())
        trial = chance.choice(kept["versions"][-1]["trials"])
        return {
            "name": name, "file": f"{name}.yaml", "trial": trial,
            "archive": f"whole/{name}.tar", "whole": f"whole/{name}",
        }  # fmt: skip

    def _reads(self, command: Command) -> None:
        before = _content(self.folder / "runs")
        self._run(command)
        if _content(self.folder / "runs") != before:
            self._note(f"{' '.join(command)} reads, and has changed the store")

    def _run(self, command: Command) -> Ended:
        """Runs a command and notes everything that must not be."""
        before, children = _around(self.folder), _children()
        ended = self.way(command)
        self.tried.codes.append((command[0], ended.code))
        said = ended.out + ended.err
        bad = [c for c in said if not c.isprintable() and c != "\n"]
        left = [*ended.left, *(_children() - children if self.way is in_process else ())]
        for wrong, why in (
            (ended.code not in CODES, f"code {ended.code}"),
            (_around(self.folder) != before, "changed something outside the store"),
            (bool(bad), f"printed {bad[:3]}"),
            ("Traceback" in said, f"printed a traceback: {said}"),
            (ended.cpu_s > SLOW_S, f"took {ended.cpu_s:.0f} s"),
            (ended.code != 0 and not said.strip(), f"ended with {ended.code} and said nothing"),
            (
                ended.code == 0 and "--json" in command and not _is_json(ended.out),
                f"printed no JSON: {ended.out[-300:]}",
            ),
            (bool(left), f"left processes: {left}"),
        ):
            if wrong:
                self._note(f"{' '.join(command)}: {why}")
        return ended

    def _note(self, wrong: str) -> None:
        again = f"python -m tests.support.fuzz.run --seed {self.seed} --only {self.tried.number}"
        self.tried.wrong.append(f"{self.tried.kind} {self.tried.about}: {wrong}\n  again: {again}")


def _trials(ended: Ended) -> object:
    return json.loads(ended.out)["trials"] if ended.code == 0 else ended.err


def _is_json(out: str) -> bool:
    try:
        json.loads(out.splitlines()[-1])
    except (ValueError, IndexError):
        return False
    return True


def _children() -> set[str]:
    """The processes that this one has started and that have not ended."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in _started_by(task)}


def _started_by(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a thread that has ended
        return []


def _content(folder: Path) -> dict[str, tuple[int, int]]:
    """What lies in a folder, and when it was changed."""
    return {str(p): ((s := p.lstat()).st_size, s.st_mtime_ns) for p in folder.rglob("*") if not p.is_dir()}


def _around(folder: Path) -> dict[str, tuple[int, int]]:
    """What lies above the store, and when it was changed."""
    found: dict[str, tuple[int, int]] = {}
    for entry in os.scandir(folder):
        if entry.name not in FREE:
            about = entry.stat(follow_symlinks=False)
            found |= {entry.name: (about.st_size, about.st_mtime_ns)}
            found |= _content(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else {}
    return found


@functools.cache
def _sweeps() -> list[object]:
    """Sweep files: the fuzzer's own, of which a plan is quick, as often as all that are shipped."""
    shipped = [yaml.safe_load(path.read_text()) for path in shipped_sweeps().values()]
    return [COMPUTED] * len(shipped) + shipped
