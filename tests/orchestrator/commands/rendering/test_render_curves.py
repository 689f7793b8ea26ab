"""What a terminal says where there is no point of a curve."""

from pathlib import Path

import pandas as pd
import pytest

from orchestrator.commands.rendering import render_curves
from orchestrator.spec.load import read
from tests.support.stores.recorded_sweeps import write
from tracking.analysis.aggregate import COUNTS


@pytest.mark.parametrize("asked", [True, False])
def test_that_nothing_is_recorded_is_said_of_a_sweep_that_asks_for_curves_alone(
    asked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "x.yaml")
    if not asked:
        file.write_text(file.read_text().partition("curves:")[0])
    render_curves.curves(read(str(file)), pd.DataFrame(), full=False, plot=None)
    assert ("no curve can be drawn: nothing recorded yet" in capsys.readouterr().err) == asked


def test_a_line_without_points_has_a_dash_along_x(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep, nan = read(str(write(tmp_path / "x.yaml"))), float("nan")
    lines = {
        "count": {"x": 2.0, "centre": 0.5, "low": 0.4, "high": 0.6, "n": 2, "diverged": 0},
        "diverge": {"x": nan, "centre": nan, "low": nan, "high": nan, "n": 0, "diverged": 2},
    }
    rows = [{**dict.fromkeys(COUNTS, 0), "line": line, "x_text": "", **row} for line, row in lines.items()]
    render_curves.curves(sweep, pd.DataFrame(rows).assign(curve=sweep.curves[0].name), full=False, plot=None)
    shown = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert ["count", "2", "0.5", "0.4", "0.6", "2", "0"] in shown and ["diverge", *"––––", "0", "2"] in shown
