"""A recorded trial is run once more in this process: step by step, up to the first NaN, recording nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.commands.rendering.render_rerun import Steps
from orchestrator.commands.trial import rerun
from tests.support.networks import small_trials
from tracking.common.errors import Refused
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work
from workers.trial import Trial


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    store = Store(str(tmp_path_factory.mktemp("store")))
    calm = [small_trials.trial(seed) for seed in range(3)]
    wild = small_trials.trial(0, optimizer={"name": "sgd", "batch_size": 32, "learning_rate": 1e20})
    for trials in (calm, [wild]):
        for _ in work(store, together(trials), "cpu"):
            pass
    return Ledger.read(store)


def find(ledger: Ledger, trial: Trial) -> TrialRecord:
    return rerun.find(ledger, trial.id[:12])


def test_a_rerun_stops_at_the_first_nan_and_says_where(ledger: Ledger) -> None:
    one = find(ledger, small_trials.trial(0, optimizer={"name": "sgd", "batch_size": 32, "learning_rate": 1e20}))
    assert one.state == "diverged"
    running = rerun.rerun(ledger, one)
    with pytest.raises(Refused, match=rf"step {one.step}: .* is (nan|inf|-inf)"):
        list(running)


def test_a_rerun_records_nothing_and_can_be_profiled(ledger: Ledger, tmp_path: Path) -> None:
    before = sorted(p for p in Path(ledger.store.root).rglob("*"))
    trace = tmp_path / "trace.json"
    steps = [p.step for p in rerun.rerun(ledger, find(ledger, small_trials.trial(0)), str(trace))]
    assert steps == [0, 1, 2, 3]
    assert json.loads(trace.read_text())["traceEvents"]
    assert sorted(p for p in Path(ledger.store.root).rglob("*")) == before


def test_an_unknown_or_ambiguous_id_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refused, match=r"no trial in .* begins with 'zz'; 4 others are recorded"):
        rerun.find(ledger, "zz")
    with pytest.raises(Refused, match=r"4 trials in .*give more of the id"):
        rerun.find(ledger, "")


def test_rerun_is_lazy_so_that_a_debugger_sees_each_step(ledger: Ledger) -> None:
    running = rerun.rerun(ledger, find(ledger, small_trials.trial(0)))
    assert isinstance(running, Iterator)
    assert next(running).step == 0


def test_what_is_shown_ends_with_what_is_recorded(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    one, steps = find(ledger, small_trials.trial(1)), Steps()
    for progress in rerun.rerun(ledger, one):
        steps.show(progress)
    steps.last |= {"train risk": 9.0}
    steps.compare(ledger, one)
    first, second, *_, last = capsys.readouterr().err.splitlines()
    assert "parameters" in first and "parameters" not in second, "a number that does not change is shown once"
    assert last.startswith(f"recorded of step {one.step}: ") and "train risk" in last and "parameters" not in last
