"""Of several records of one trial the rows of one count for each measure, and none is read twice."""

from pathlib import Path

import pytest

from tests.support.networks import small_trials
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import AT_THE_END, Observed, TrialEntry
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome, Row, State
from tracking.records.store import Store
from tracking.records.writer import Writer

LAST = 4
ENTRIES = small_trials.entries(small_trials.trial(seed) for seed in range(2))
ID = ENTRIES[0].id


def record(
    store: Store, bundle: str, measures: dict[str, str], every: int = 1, ms: int = 1000, state: State = "finished",
    trials: list[TrialEntry] = ENTRIES, once: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """A bundle with rows of these measures (name -> digest of its source), whose values tell the bundle."""
    observed = Observed(tuple(sorted(measures.items())), every, once)
    times = iter(range(ms, ms + 100))
    provenance = Provenance(host=bundle)
    writer = Writer.begin(store, bundle, "network", trials, provenance, lambda: next(times), 2, observed=observed)
    steps = range(0, LAST + 1, every) if every != AT_THE_END else [LAST]
    of = {measure: [LAST] if measure in once else steps for measure in measures}
    writer.add([Row(t.id, s, "train", m, "", float(ord(bundle[0]))) for t in trials for m in of for s in of[m]], {})
    if state != "running":
        writer.add([], {t.id: Outcome(state, LAST, "") for t in trials})
    writer.commit(LAST, b"state" if state == "running" else None)


def counted(store: Store, trial: str = ID) -> dict[str, tuple[str, int]]:
    """The bundle and the number of rows that are read of each measure of a trial, by every way of reading them."""
    ledger = Ledger.read(store)
    one = ledger.of([trial])[trial]
    whole = ledger.rows([one]).to_pandas()
    assert not whole.duplicated(["trial", "step", "split", "measure", "layer"]).any()
    found = {str(m): (chr(int(of["value"].iloc[0])), len(of)) for m, of in whole.groupby("measure", observed=True)}
    assert all(of["value"].nunique() == 1 for _, of in whole.groupby("measure", observed=True))
    of_all = ledger.rows(ledger.records.values()).to_pandas()
    assert len(of_all[of_all["trial"].astype(str) == trial]) == len(whole)
    assert sum(part.rows for part in ledger.computed(one)) == len(whole)
    assert {part.provenance.host for part in ledger.computed(one)} == {bundle for bundle, _ in found.values()}
    assert {name: n for name, (_, n) in found.items()} == {
        name: len(range(0, LAST + 1, every)) if every != AT_THE_END else 1 for name, (_, every) in one.measured.items()
    }
    return found


def test_a_measure_that_was_added_counts_beside_the_others(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "a", {"error": "", "risk": ""})
    record(store, "b", {"margin": ""}, every=2, ms=2000)
    assert counted(store) == {"error": ("a", 5), "risk": ("a", 5), "margin": ("b", 3)}
    ledger = Ledger.read(store)
    assert ledger.records[ID].bundles == ("a", "b") and ledger.records[ID].started_ms == 1000
    assert not ledger.strays(ledger.records.values()) and not ledger.unsound(ledger.records.values())


def test_what_counts_beside_is_the_same_text_in_every_process(tmp_path: Path) -> None:
    """A digest is made of it, which tells whether figures are made from other records: sets have no order of theirs."""
    store, names = Store(str(tmp_path)), [f"measure_{n}" for n in range(20)]
    record(store, "a", {"error": ""})
    record(store, "b", dict.fromkeys(names, ""), ms=2000)
    (beside,) = Ledger.read(store).records[ID].beside
    assert beside.measures == tuple(sorted(names))


def test_a_checkpoint_of_an_added_measure_that_nobody_continues_is_a_stray(tmp_path: Path) -> None:
    """The bundle was split after a worker had died: its trials were measured one by one."""
    store = Store(str(tmp_path))
    record(store, "a", {"error": ""})
    record(store, "b", {"margin": ""}, ms=2000, state="running")
    for n, entry in enumerate(ENTRIES):
        ledger = Ledger.read(store)
        assert not ledger.strays(ledger.records.values()), "it may go on"
        record(store, f"c{n}", {"margin": ""}, ms=3000, trials=[entry])
    ledger = Ledger.read(store)
    (left,) = ledger.strays(ledger.records.values())
    assert left.startswith("checkpoints/b/")


@pytest.mark.parametrize("later", ["a", "z"])
def test_of_two_with_as_many_steps_the_one_that_was_begun_first_counts(later: str, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "m", {"error": "", "risk": ""})
    record(store, later, {"error": "", "margin": ""}, ms=2000)
    assert counted(store) == {"error": ("m", 5), "risk": ("m", 5), "margin": (later, 5)}


@pytest.mark.parametrize("every", [2, AT_THE_END])
def test_the_one_with_more_steps_counts(every: int, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "a", {"error": "", "risk": ""}, every=every)
    record(store, "b", {"error": ""}, ms=2000)
    rows = 3 if every == 2 else 1
    assert counted(store) == {"error": ("b", 5), "risk": ("a", rows)}


def test_a_measure_that_was_taken_once_has_fewer_steps_than_the_others_of_its_bundle(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "a", {"error": "", "sharpness": ""}, once=("sharpness",))
    assert counted(store) == {"error": ("a", 5), "sharpness": ("a", 1)}
    record(store, "b", {"error": "", "sharpness": ""}, every=4, ms=2000)
    assert counted(store) == {"error": ("a", 5), "sharpness": ("b", 2)}


def test_of_a_measure_that_was_edited_the_source_that_was_used_last_counts(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "a", {"error": "", "mine": "1"})
    record(store, "b", {"mine": "2"}, every=2, ms=2000)
    assert counted(store) == {"error": ("a", 5), "mine": ("b", 3)}
    record(store, "c", {"mine": "1"}, every=4, ms=3000)
    assert counted(store) == {"error": ("a", 5), "mine": ("a", 5)}, "the rows of before, where it is as it was"


@pytest.mark.parametrize("state", ["running", "failed"])
def test_without_a_result_nothing_counts_that_was_to_be_added(state: State, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "a", {"error": "", "risk": ""})
    record(store, "b", {"margin": ""}, ms=2000, state=state)
    assert counted(store) == {"error": ("a", 5), "risk": ("a", 5)}


def test_trials_of_one_bundle_may_have_been_added_to_differently(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    record(store, "a", {"error": ""})
    record(store, "b", {"margin": ""}, ms=2000, trials=ENTRIES[:1])
    record(store, "c", {"margin": "", "norm": ""}, ms=3000, trials=ENTRIES[1:])
    assert counted(store) == {"error": ("a", 5), "margin": ("b", 5)}
    assert counted(store, ENTRIES[1].id) == {"error": ("a", 5), "margin": ("c", 5), "norm": ("c", 5)}
