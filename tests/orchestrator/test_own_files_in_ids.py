"""A trial's id depends on what the user's own files do, wherever they lie; an edited one makes new trials."""

from pathlib import Path

import pytest

from orchestrator.commands.rendering import render
from orchestrator.commands.trial import rerun
from orchestrator.execution.store.keep_code import keep
from orchestrator.planning import consistency, lacking
from orchestrator.planning.bundling import pack_missing
from orchestrator.planning.plan import compare
from orchestrator.planning.resources import this_machine
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support import user_files
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work
from workers.trial import Trial

NET = "nets/flat.py"
MEASURE = "measures/largest.py"
TRAINED_WITH = ["losses/halved.py", "nets/_helper.py", NET]
TRAINING = {  # edits of what trains
    NET: f"{user_files.FLAT_NET}\nEDITED = True\n",
    "nets/_helper.py": "SCALE = 0.2\n",
    "losses/halved.py": user_files.LOSS.replace("/ 2", "/ 3"),
}
NOTHING = {  # edits of what no training depends on
    NET: user_files.FLAT_NET.replace('"""Every', '"""Each').replace("\n\n\n", "\n\n\n# more\n"),
    MEASURE: user_files.MEASURE.replace("amax", "amin"),
    "claims/above.py": user_files.CLAIM.replace(">", ">="),
    "nets/another.py": user_files.RAISES,
}


def trials(folder: Path, more: dict[str, str] | None = None) -> list[Trial]:
    return expand(read(str(user_files.write(folder, more))))


def ids(found: list[Trial]) -> list[str]:
    return [trial.id for trial in found]


def test_the_files_that_train_are_in_the_id_wherever_they_lie(tmp_path: Path) -> None:
    one, other = trials(tmp_path / "one"), trials(tmp_path / "other")
    assert ids(one) == ids(other)
    assert [name for name, _ in one[0].sources] == TRAINED_WITH
    assert [trial.id for trial in one] == [Trial.of("network", t.plain, t.files).id for t in one]
    shipped = Trial.of("network", {**one[0].plain, "net": {"name": "linear"}, "loss": "square", "measure": ["error"]})
    assert shipped.sources == () and not together([shipped]).files


@pytest.mark.parametrize("file", TRAINING)
def test_an_edit_of_what_trains_makes_new_trials(file: str, tmp_path: Path) -> None:
    before, after = trials(tmp_path), trials(tmp_path, {file: TRAINING[file]})
    assert not {*ids(before)} & {*ids(after)} and len({t.cell for t in [*before, *after]}) == 2


@pytest.mark.parametrize("file", NOTHING)
def test_an_edit_of_what_does_not_train_makes_none(file: str, tmp_path: Path) -> None:
    before, after = trials(tmp_path), trials(tmp_path, {file: NOTHING[file]})
    assert ids(before) == ids(after)
    measured = file.startswith("measures/")
    assert (together(before).id != together(after).id) == measured, "what is measured is in the id of the bundle"


def test_records_of_an_edited_net_stay_with_their_source_and_plan_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(str(tmp_path / "runs"))
    before = trials(tmp_path)
    keep(store, before)
    for bundle in pack_missing(compare(before, Ledger.read(store)), this_machine(one_process=True)):
        for _ in work(store, bundle, "cpu"):
            pass
    after = trials(tmp_path, {NET: TRAINING[NET]})
    ledger = Ledger.read(store)
    assert len(compare(before, ledger).to_run) == 0 and len(compare(after, ledger).to_run) == 2
    assert f"2 recorded trials differ only in {NET}, edited since" in consistency.notes(
        after, ledger.of(t.id for t in after), ledger
    )
    measured_anew = compare(trials(tmp_path, {MEASURE: NOTHING[MEASURE]}), ledger)
    assert len(measured_anew.to_measure) == 2 and measured_anew.why_lacking == {"largest": lacking.EDITED}
    record = rerun.find(ledger, before[0].id)
    assert [name for name, _ in record.sources] == [*TRAINED_WITH[:1], "measures/largest.py", *TRAINED_WITH[1:]]
    assert record.trained_with == before[0].sources
    assert store.files.read(layout.user_source(dict(record.sources)[NET])).decode() == user_files.FLAT_NET
    render.trial(ledger, record, as_json=False)
    shown = capsys.readouterr().err
    assert f"source   {NET}, kept as code/" in shown and user_files.FLAT_NET.splitlines()[-1] in shown
