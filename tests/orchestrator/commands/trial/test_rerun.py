"""Recorded work is done once more: the same numbers, a difference that is said, and a stop at the first NaN."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.commands.rendering.render_rerun import Steps
from orchestrator.commands.trial import reproduce, rerun
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


@pytest.mark.parametrize("whole", [True, False])
def test_a_trial_comes_out_the_same(ledger: Ledger, whole: bool) -> None:
    one = find(ledger, small_trials.trial(1))
    found = reproduce.reproduce(ledger, one, whole)
    assert sum(c.rows for c in found) == len(ledger.rows([one]))
    assert {c.measure for c in found} == {"error", "frobenius_norm", "parameters", "risk"}
    assert (
        {c.finding for c in found} == {"identical"} if whole else {c.finding for c in found} <= {"identical", "agrees"}
    )


def test_a_difference_is_found_where_it_is(ledger: Ledger) -> None:
    rows = ledger.rows([find(ledger, small_trials.trial(0))]).to_pandas()
    changed = rows.copy()
    risk = changed["measure"] == "risk"
    changed.loc[changed.index[risk][-1], "value"] *= 1.01
    found = {c.measure: c for c in reproduce.compare(rows, changed)}
    assert found["risk"].finding == "differs"
    assert found["risk"].largest_relative == pytest.approx(0.01, rel=1e-6)
    assert found["risk"].equal == found["risk"].rows - 1
    assert found["error"].finding == "identical"
    lost = reproduce.compare(rows, rows[rows["measure"] != "error"])
    assert [(c.measure, c.finding) for c in lost if c.missing] == [("error", "differs")]
    changed.loc[changed.index[risk][-1], "value"] = float("nan")
    assert {c.measure: c.finding for c in reproduce.compare(rows, changed)}["risk"] == "differs"
    assert {c.measure: c.finding for c in reproduce.compare(changed, changed)}["risk"] == "identical"


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
