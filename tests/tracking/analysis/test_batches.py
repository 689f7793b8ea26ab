"""Batches reduced by processes that know only what is sent to them give what this process gives, bit by bit."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pytest

from tests.support.made_up.made_up_frames import AXES, CURVES, WIDTHS, recorded
from tracking.analysis import batches
from tracking.analysis.aggregate import both
from tracking.analysis.frame import Each, Frame
from tracking.analysis.row_cache import reduced_alone, sent, stored
from tracking.analysis.specs.curve_spec import Curve
from tracking.common.errors import Damaged, Refused, SweepError
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialEntry
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer
from tracking.report.trials import final_values
from tracking.verdicts.claim import CLAIMS
from tracking.verdicts.finding import BROKEN
from tracking.verdicts.verify import verify

T = TypeVar("T")
E = TypeVar("E", bound=SweepError)
LEFT_OUT = {(0, 1): "diverged", (1, 0): "missing", (2, 2): "failed"}
MORE = [
    Curve(name="matched", x="net.width", y="risk", split="train", at="matched"),
    Curve(name="seeds", x="net.width", y="error", group=("seed", "data.label_noise")),
]
CLAIMED = [
    ("bounded", {"y": "error", "split": "test", "high": 0.9}),
    ("monotone", {"x": "net.width", "y": "error", "split": "test", "order": "falling"}),
    ("settles", {"y": "error", "split": "test", "after": 1, "tolerance": 0.5}),
]


@pytest.fixture(autouse=True)
def every_cell_is_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 1)


def in_other_processes(ledger: Ledger) -> Each:
    def each(reduction: Callable[[Frame], T], some: Iterable[Frame]) -> Iterator[T]:
        for batch in some:
            content = pickle.dumps((reduction, sent(batch, ledger)))
            assert len(content) < 20_000
            yield pickle.loads(pickle.dumps(reduced_alone(*pickle.loads(content))))

    return each


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """The rows of a made-up frame in a store, the trials of one seed in one bundle."""
    whole, store = recorded(AXES, states=LEFT_OUT), Store(str(tmp_path))
    rows = whole.rows.astype(dict.fromkeys(("trial", "split", "measure", "layer"), str))
    risks = rows[rows["measure"] == "error"].assign(measure="risk")
    for seed, trials in whole.trials[whole.trials["state"] != "missing"].groupby("seed"):
        entries = [TrialEntry(str(id), str(trial["cell"]), {}) for id, trial in trials.iterrows()]
        writer = Writer.begin(store, f"b{seed}", "network", entries, Provenance())
        for part in (rows, risks):
            mine = part[part["trial"].isin(trials.index)]
            writer.add([Row(*one) for one in mine.itertuples(index=False)], {})
        writer.add([], {str(id): Outcome(trial["state"], 3, "") for id, trial in trials.iterrows()})
        writer.commit(3, None)
    return Ledger.read(store)


def frames(ledger: Ledger) -> tuple[Frame, Frame]:
    """The same trials, reduced here and elsewhere."""
    here = replace(recorded(AXES, states=LEFT_OUT), source=stored(ledger, ledger.records.values()))
    return here, replace(here, each=in_other_processes(ledger))


@pytest.mark.parametrize("curve", [*CURVES, *MORE], ids=lambda c: c.name)
def test_curves_are_the_same(curve: Curve, ledger: Ledger) -> None:
    here, elsewhere = frames(ledger)
    for one, other in zip(both(here, curve, list(AXES)), both(elsewhere, curve, list(AXES)), strict=True):
        assert len(one)
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_claims_and_final_values_are_the_same(ledger: Ledger) -> None:
    here, elsewhere = frames(ledger)
    claims = [CLAIMS.load(name).Settings.model_validate({"name": name, **given}) for name, given in CLAIMED]
    verdicts = verify(here, claims)
    assert verdicts == verify(elsewhere, claims)
    assert not any(BROKEN in verdict.evidence for verdict in verdicts)
    pd.testing.assert_frame_equal(final_values(here), final_values(elsewhere), check_exact=True)
    assert here.known() == elsewhere.known() != []


def raised(kind: type[E], frame: Frame, curve: Curve) -> E:
    with pytest.raises(kind) as found:
        both(frame, curve, list(AXES))
    return found.value


def test_what_is_wrong_with_a_curve_or_a_file_is_said_the_same(ledger: Ledger) -> None:
    here, elsewhere = frames(ledger)
    lost = Curve(name="lost", x="net.width", y="margin")
    said = [raised(Refused, frame, lost) for frame in (here, elsewhere)]
    assert str(said[0]) == str(said[1]) and "margin" in str(said[0])

    segment = ledger.manifests["b3"].segments[0].name
    (Path(ledger.store.root) / segment).write_bytes(b"PAR1")
    one, other = (raised(Damaged, frame, CURVES[0]) for frame in frames(Ledger.read(ledger.store)))
    assert str(one) == str(other) and one.name == other.name == segment


def test_a_batch_has_whole_cells_in_the_order_of_the_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = recorded(AXES)
    monkeypatch.setattr(batches, "BATCH", 25)  # a cell has 5 seeds of 4 steps each
    found = [[*whole.trials["cell"][part.trials.index].unique()] for part in whole.batches("cell")]
    assert len(found) == 5 and sum(map(len, found)) == 2 * len(WIDTHS)
    assert [cell for cells in found for cell in cells] == [*whole.trials["cell"].unique()]
