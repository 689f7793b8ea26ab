"""What a terminal says where there is no point of a curve."""

from pathlib import Path

import pandas as pd
import pytest

from orchestrator.commands.rendering import render_curves
from orchestrator.spec.load import read
from tests.support.stores.recorded_sweeps import write


@pytest.mark.parametrize("asked", [True, False])
def test_that_nothing_is_recorded_is_said_of_a_sweep_that_asks_for_curves_alone(
    asked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "x.yaml")
    if not asked:
        file.write_text(file.read_text().partition("curves:")[0])
    render_curves.curves(read(str(file)), pd.DataFrame(), full=False, plot=None)
    assert ("no curve can be drawn: nothing recorded yet" in capsys.readouterr().err) == asked
