"""What docs/results says is what its rows say by the code as it is: verdicts, points and the page. Nothing trains."""

import json

import numpy as np
import pandas as pd
import pytest

from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.planning.plan import compare
from tests.support.published.draw import verdicts
from tests.support.published.entries import FOLDER, Entry, index
from tests.support.published.page import page
from tracking.plotting.figures import NotDrawn, table
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store

ENTRIES = pytest.mark.parametrize("entry", index().sweeps, ids=lambda entry: entry.name)
WITH_POINTS = [entry for entry in index().sweeps if (entry.folder / layout.CURVES_CSV).exists()]
MOST_BYTES = 15_000_000  # of all rows that the repository keeps


@ENTRIES
def test_every_trial_of_the_sweep_is_recorded(entry: Entry) -> None:
    results = entry.results()
    assert [t.id for t in results.trials if t.id not in results.records] == []
    assert not results.unfinished
    ledger, end = Ledger.read(Store(str(entry.folder))), at_the_end(results.sweep, results.trials)
    assert not compare(results.trials, ledger, at_the_end=end).work, "a launch would have something to measure"


@ENTRIES
def test_the_verdicts_are_those_of_the_rows(entry: Entry) -> None:
    committed = json.loads((entry.folder / layout.CLAIMS).read_text())
    judged = verdicts(entry)
    assert [(c["name"], c["verdict"], c["sentence"]) for c in committed] == [
        (c["name"], c["verdict"], c["sentence"]) for c in judged
    ]


@pytest.mark.parametrize("entry", WITH_POINTS, ids=lambda entry: entry.name)
def test_the_points_are_those_of_the_rows(entry: Entry) -> None:
    """Of the sweeps whose points are few enough to be kept beside their rows."""
    results = entry.results()
    drawn = [part for part in (*results.curves.values(), *results.heatmaps.values()) if not isinstance(part, NotDrawn)]
    committed, now = pd.read_csv(entry.folder / layout.CURVES_CSV), table([part.table for part in drawn])
    assert len(committed) == len(now)
    for column in ("centre", "low", "high", "n"):
        np.testing.assert_allclose(committed[column], now[column].astype(float), rtol=1e-9, atol=1e-12)


def test_the_page_is_written_from_the_rows() -> None:
    assert (FOLDER / "README.md").read_text() == page(index()), "`make results` writes it"


def test_the_rows_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*/records/*/*") if path.is_file()) < MOST_BYTES
