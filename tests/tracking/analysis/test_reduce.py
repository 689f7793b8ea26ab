"""A curve read in many small pieces is the curve read at once, but for a mean's last bits, whatever the pieces are."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tests.support.launching.begun_bundles import begin, row
from tests.support.made_up.made_up_frames import AXES, CURVES, WIDTHS, recorded
from tracking.analysis import batches
from tracking.analysis.aggregate import both
from tracking.analysis.frame import Frame, Source, as_table, in_memory
from tracking.analysis.row_cache import Reader, stored
from tracking.analysis.specs.curve_spec import Curve
from tracking.records.ledger import Ledger
from tracking.records.rows import Outcome
from tracking.records.store import Store


def in_parts(frame: Frame, of: Callable[[str], str]) -> Frame:
    """The same rows in several parts; `of` says in which a trial's rows are."""
    rows = frame.rows
    part = {id: of(id) for id in frame.source.parts}

    @functools.cache
    def read(name: str) -> pa.Table:
        mine = rows[rows["trial"].astype(str).map(part) == name]
        assert mine["trial"].nunique() < rows["trial"].nunique()
        return as_table(mine)

    return replace(frame, source=Source({id: (name,) for id, name in part.items()}, read))


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@pytest.mark.parametrize("by", ["cell", "seed", "trial"])
def test_pieces_make_no_difference(curve: Curve, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {(0, 1): "diverged", (1, 0): "missing", (2, 2): "failed", (3, 1): "running"}
    whole = recorded(AXES, states=states)
    expected = both(whole, curve, list(AXES))
    monkeypatch.setattr(batches, "BATCH", 1)  # every cell by itself
    pieces = in_parts(whole, {"cell": lambda id: id[0], "seed": lambda id: id[2], "trial": str}[by])
    for one, other in zip(expected, both(pieces, curve, list(AXES)), strict=True):
        assert len(one)
        pd.testing.assert_frame_equal(one, other, rtol=1e-13)


def test_a_frame_of_many_parts_says_what_one_of_a_single_part_says() -> None:
    whole = recorded(AXES)
    pieces = in_parts(whole, lambda id: id[2])
    assert pieces.known() == whole.known() != []
    assert pieces.known("norm") == [("norm", "", "conv1"), ("norm", "", "fc")]
    pd.testing.assert_frame_equal(pieces.values("error", "test"), whole.values("error", "test"))
    pd.testing.assert_series_equal(pieces.last("norm", "", "fc"), whole.last("norm", "", "fc"))
    keys = ["trial", "step", "split", "measure", "layer"]
    one, other = (f.rows.astype(dict.fromkeys(keys, str)).sort_values(keys, ignore_index=True) for f in (whole, pieces))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("kept", [0, 13, 1000])
def test_of_a_large_store_little_stays_in_memory(tmp_path: Path, kept: int) -> None:
    store = Store(str(tmp_path))
    for bundle in range(5):
        writer, made = begin(store, f"b{bundle}", 2 * bundle, 2 * bundle + 1)
        ended = {t.id: Outcome("finished", 2, "") for t in made}
        writer.add([row(t, s, s + bundle) for t in made for s in range(3)], ended)
        writer.commit(2, None)
    ledger = Ledger.read(store)
    reader = Reader(ledger, {id: (bundle,) for id, (bundle, _) in ledger.winners.items()}, kept)
    for _ in range(2):
        assert [len(reader.read(f"b{b}")) for b in range(5)] == [6] * 5
    assert [*reader.kept] == {0: ["b4"], 13: ["b3", "b4"], 1000: ["b0", "b1", "b2", "b3", "b4"]}[kept]
    assert set(stored(ledger, ledger.records.values()).parts.values()) == {(f"b{b}",) for b in range(5)}


def test_rows_of_other_trials_and_measures_are_passed_over() -> None:
    whole = recorded(AXES)
    few = whole.where({"net.width": WIDTHS[0]})
    assert set(few.values("error", "test")["trial"].astype(str)) == set(few.trials.index)
    assert Frame(few.trials, in_memory(whole.rows)).last("error", "train").index.size == len(few.trials)
