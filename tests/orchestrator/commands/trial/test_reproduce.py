"""Recorded trials are run again: the same end and the same numbers, and what differs is said."""

import json
from pathlib import Path

import pytest

from orchestrator.commands.rendering import render_rerun
from orchestrator.commands.trial.reproduce import Ended, Reproduced, compare, reproduce
from orchestrator.execution.store.keep_code import keep
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support import user_files
from tests.support.networks import small_trials
from tests.support.stores.measured_sweeps import sweep, trained
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import Outcome, State
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import give_up, work
from workers.runtime import failure

WILD = small_trials.trial(0, optimizer={"name": "sgd", "batch_size": 32, "learning_rate": 1e20})
RAISES = '''\
"""No measure at all; written by a test."""

SPLITS = ("",)


def measure(snapshot):
    raise ArithmeticError(f"{len(snapshot.parameters)} parameters are too many")
'''


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    store = Store(str(tmp_path_factory.mktemp("store")))
    for trials in ([small_trials.trial(seed) for seed in range(3)], [WILD]):
        for _ in work(store, together(trials), "cpu"):
            pass
    return Ledger.read(store)


def recorded(ledger: Ledger, seed: int) -> TrialRecord:
    return ledger.records[small_trials.trial(seed).id]


@pytest.mark.parametrize("whole", [True, False])
def test_a_trial_comes_out_the_same(ledger: Ledger, whole: bool) -> None:
    one = recorded(ledger, 1)
    found = reproduce(ledger, one, whole)
    assert sum(c.rows for c in found.measures) == len(ledger.rows([one]))
    assert {c.measure for c in found.measures} == {"error", "frobenius_norm", "parameters", "risk"}
    assert {c.finding for c in found.measures} <= ({"identical"} if whole else {"identical", "agrees"})
    assert found.ended.finding == "identical" and not found.differs
    assert found.ended.again == Outcome("finished", 3, "all epochs done")


def test_a_trial_that_diverged_diverges_again(ledger: Ledger) -> None:
    found = reproduce(ledger, ledger.records[WILD.id], whole=False)
    assert (found.ended.finding, found.ended.again.state, found.differs) == ("identical", "diverged", False)


def test_a_difference_is_found_where_it_is(ledger: Ledger) -> None:
    rows = ledger.rows([recorded(ledger, 0)]).to_pandas()
    changed = rows.copy()
    risk = changed["measure"] == "risk"
    changed.loc[changed.index[risk][-1], "value"] *= 1.01
    found = {c.measure: c for c in compare(rows, changed)}
    assert found["risk"].finding == "differs"
    assert found["risk"].largest_relative == pytest.approx(0.01, rel=1e-6)
    assert found["risk"].equal == found["risk"].rows - 1
    assert found["error"].finding == "identical"
    less = rows[(rows["measure"] != "error") | (rows["step"] > 0)]
    (lost,) = (c for c in compare(rows, less) if c.finding != "identical")
    assert (lost.measure, lost.finding, lost.missing, lost.added) == ("error", "differs", 2, 0)
    (more,) = (c for c in compare(less, rows) if c.finding != "identical")
    assert (more.measure, more.finding, more.missing, more.added, more.rows) == ("error", "differs", 0, 2, 6)
    changed.loc[changed.index[risk][-1], "value"] = float("nan")
    assert {c.measure: c.finding for c in compare(rows, changed)}["risk"] == "differs"
    assert {c.measure: c.finding for c in compare(changed, changed)}["risk"] == "identical"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("diverged", 3, "a weight is not finite"),
        Outcome("finished", 2, "all epochs done"),
        Outcome("finished", 3, "train error 0"),
        Outcome("failed", 3, "RuntimeError: it broke"),
    ],
)
def test_another_end_is_a_difference_although_all_numbers_agree(
    ledger: Ledger, outcome: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    one = recorded(ledger, 0)._replace(state=outcome.state, step=outcome.step, reason=outcome.reason)
    found = reproduce(ledger, one, whole=False)
    assert {c.finding for c in found.measures} <= {"identical", "agrees"}
    assert found.ended == Ended(outcome, Outcome("finished", 3, "all epochs done")) and found.differs
    render_rerun.reproduced(one, found, as_json=False)
    said = f"ended    differs: {outcome.state} at step {outcome.step} ({outcome.reason}); again: finished at step 3"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("state", ["running", "cancelled"])
def test_what_was_stopped_is_compared_as_far_as_it_is_recorded(tmp_path: Path, state: State) -> None:
    store, running = Store(str(tmp_path)), small_trials.trial(0)
    progress = work(store, together([running]), "cpu")
    next(progress), next(progress)
    progress.close()
    ledger = Ledger.read(store)
    found = reproduce(ledger, ledger.records[running.id]._replace(state=state), whole=False)
    assert (found.ended.finding, found.ended.again.step, found.differs) == ("not ended", 3, False)
    assert {c.finding for c in found.measures} == {"identical"} and found.measures[0].rows == 4


def failed(folder: Path) -> tuple[Ledger, TrialRecord]:
    """A trial that is recorded as failed, since a measure of the user's own raises."""
    found = read(str(user_files.write(folder, {"measures/largest.py": RAISES})))
    store, (trial, _) = Store(str(folder / "runs")), expand(found)
    keep(store, [trial])
    bundle = together([trial])
    with pytest.raises(ArithmeticError, match="too many") as raised:
        list(work(store, bundle, "cpu"))
    give_up(store, bundle, "cpu", failure.of(raised.value).text)
    ledger = Ledger.read(store)
    return ledger, ledger.records[trial.id]


def test_a_failure_is_compared_by_its_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger, one = failed(tmp_path)
    assert one.state == "failed" and one.reason.startswith("Traceback")
    found = reproduce(ledger, one, whole=False)
    assert (found.ended.finding, found.measures, found.differs) == ("identical", (), False)
    render_rerun.reproduced(one, found, as_json=True)
    plain = json.loads(capsys.readouterr().out)
    assert plain["ended"]["finding"] == "identical" and plain["ended"]["again"]["state"] == "failed"
    assert reproduce(ledger, one._replace(reason="KeyError: 'x'"), whole=False).ended.finding == "differs"
    finished = one._replace(state="finished", step=2, reason="all epochs done")
    assert reproduce(ledger, finished, whole=True).ended.finding == "differs"


ADDED = """\
title: A measure that was added later
experiment: network
fixed:
  data: {name: digits, train_size: 60, test_size: 40}
  net: {name: convnet, depth: 2, width: 2}
  optimizer: {name: sgd, batch_size: 20, learning_rate: 0.2}
  epochs: 2
vary:
  seed: {count: 1}
measure: [error]
"""


@pytest.mark.parametrize("kept", [True, False])
def test_measures_that_were_added_later_are_compared_too(tmp_path: Path, kept: bool) -> None:
    """Whether they were computed from kept weights or in another training."""
    text, store = ADDED if kept else ADDED.replace("  epochs", "  keep_weights: false\n  epochs"), Store(str(tmp_path))
    trained(sweep(tmp_path, text), store)
    trained(sweep(tmp_path, text.replace("[error]", "[error, norm]")), store)
    ledger = Ledger.read(store)
    (one,) = ledger.records.values()
    assert len(one.bundles) == 2
    found: Reproduced = reproduce(ledger, one, whole=False)
    assert {"error", "norm"} <= {c.measure for c in found.measures} and not found.differs
