"""Whatever is done to a sweep, in whatever order, what should be recorded is recorded, and MLflow shows it.

Hypothesis chooses the order of: launch, kill a launch at some place, grow and shrink the grid, run failed trials again,
sync, delete MLflow's database, flip a bit in a file. The model is small: which trials were ever asked for by a launch
that came to its end, and that every one of them has the rows of an undisturbed launch, to the bit.
"""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.launching.launches import Launch, Place, Program, sweep
from tests.support.stores import compare_records

LARGEST, BROKEN = 7, 2  # seeds; of the trial that fails


def text(seeds: int) -> str:
    """A sweep of so many trials, of which one raises an error in its third step."""
    grid: dict[str, Any] = {"does": ["count", "raise"], "seed": {"count": seeds}}
    wrong = [{"does": "raise", "seed": s} for s in range(seeds) if s != BROKEN]
    wrong.append({"does": "count", "seed": BROKEN})
    return sweep("misbehaving", {"steps": 5}, grid, exclude=wrong)


def by_seed(root: Path) -> dict[int, compare_records.Held]:
    """What a store holds; a trial of these sweeps is told by its seed."""
    return {json.loads(one.settings)["seed"]: one for one in compare_records.held(root).values()}


class Sweeps(RuleBasedStateMachine):
    """One store in one folder. `seeds`: trials in the sweep file, `most`: that it ever had; `finished`: seeds of those
    that must be recorded as finished; `damaged`: whether a bit was flipped since the last launch that ended."""

    program: Program
    new_folder: Callable[[], Path]

    @initialize()
    def begin(self) -> None:
        self.place = Place(self.program, self.new_folder())
        self.seeds = self.most = 4
        self.finished, self.damaged, self.flipped = set[int](), False, False
        self.place.write(text(self.seeds))

    def teardown(self) -> None:
        self.program.clean()
        shutil.rmtree(self.place.folder)

    @rule()
    def launch(self) -> None:
        self._launched(self.place.launch())

    @rule()
    def run_failed_trials_again(self) -> None:
        self._launched(self.place.launch("--retry-failed"))

    @rule(n=st.integers(1, 90), retry=st.booleans())
    def kill(self, n: int, retry: bool) -> None:
        """At the n-th place where it can be killed; a launch that has little to do does not come so far."""
        options = ("--retry-failed",) if retry else ()
        launch = self.place.launch(*options, SWEEP_FAILPOINTS=f"*=kill@{n}")
        if launch.code != -signal.SIGKILL:
            self._launched(launch)

    @precondition(lambda self: not self.damaged)  # a launch mends the records of its own trials
    @rule(seeds=st.integers(BROKEN + 1, LARGEST))
    def change_the_grid(self, seeds: int) -> None:
        self.seeds, self.most = seeds, max(seeds, self.most)
        self.place.write(text(seeds))

    @precondition(lambda self: not self.damaged)
    @rule()
    def sync(self) -> None:
        self.program.run(self.place.folder, "sync", "faults.yaml", "--json").ends(0)
        self._mirror_agrees()

    @rule()
    def delete_the_mirror(self) -> None:
        for path in self.place.store.glob("mlflow.db*"):
            path.unlink()
        self.program.with_database(self.place.folder)

    @precondition(lambda self: self.seeds == self.most)
    @rule(choice=st.randoms(use_true_random=False))
    def flip_a_bit(self, choice: Any) -> None:
        files = sorted(p for folder in ("records", "checkpoints") for p in self.place.store.glob(f"{folder}/*/*.*"))
        files = [p for p in files if p.suffix in (".parquet", ".bin", ".json")]
        if files:
            path = choice.choice(files)
            content = bytearray(path.read_bytes())
            content[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
            path.write_bytes(bytes(content))
            self.damaged = self.flipped = True

    @invariant()
    def nothing_recorded_is_wrong(self) -> None:
        if hasattr(self, "place") and not self.damaged:
            assert compare_records.part_of(self.place.store, self._undisturbed())

    def _launched(self, launch: Launch) -> None:
        """It ended by itself: every trial that was asked for is there, the broken one as failed, and so in MLflow."""
        launch.ends(1)
        trials = launch.result["trials"]
        assert (trials["total"], trials["failed"], trials["diverged"]) == (self.seeds, 1, 0)
        self.damaged = False
        self.finished |= set(range(self.seeds)) - {BROKEN}
        truth, mine = by_seed(self._undisturbed()), by_seed(self.place.store)
        assert mine.keys() <= set(range(self.most))
        assert mine[BROKEN].outcome[0] == "failed" and "this trial is broken" in mine[BROKEN].outcome[2]
        for seed in self.finished:
            assert mine[seed] == truth[seed], seed
        assert self.place.status().get("running", 0) == 0
        self._mirror_agrees()

    def _mirror_agrees(self) -> None:
        """It shows what is recorded of the sweep as it is now; trials that once were of it stay. The sweep's own run
        keeps the time at which it began when the records of that time were destroyed."""
        mine = by_seed(self.place.store)
        if any(seed < self.seeds for seed in mine):
            wrong = self.place.wrong_runs(self.place.store / "mlflow.db")
            if self.seeds < self.most:
                wrong = [w for w in wrong if not w.endswith("1 runs and not 0")]
            if self.flipped:
                wrong = [w for w in wrong if not w.startswith("the sweep: name, status, start, end")]
            assert wrong == []

    def _undisturbed(self) -> Path:
        folder = self.program.root / "stateful"
        if not folder.exists():
            folder.mkdir()
            Place(self.program, folder).write(text(LARGEST)).launch().ends(1)
        return folder / "runs"


def check(program: Program, tmp_path: Path, examples: int, steps: int) -> None:
    numbers = iter(range(10**6))

    def new_folder() -> Path:
        folder = tmp_path / f"{next(numbers)}"
        folder.mkdir()
        return folder

    Sweeps.program, Sweeps.new_folder = program, staticmethod(new_folder)
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=True, database=None, phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(Sweeps, settings=chosen)


def test_some_sequences(program: Program, tmp_path: Path) -> None:
    check(program, tmp_path, examples=6, steps=8)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_many_sequences(program: Program, tmp_path: Path) -> None:
    check(program, tmp_path, examples=60, steps=12)
