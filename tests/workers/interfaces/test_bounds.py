"""The bounds that files of measures and experiments say: read without importing them, refused where they are none."""

import math
from pathlib import Path

import pytest

from orchestrator.spec.load import read
from tests.support import user_files
from tracking.analysis.statistics.intervals import POSITIVE, SHARE, Bounds
from tracking.common.errors import BadPlugin
from workers.interfaces.bounds import bounds, of_file
from workers.plugins import EXPERIMENTS


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("BOUNDS = (0, None)", POSITIVE),
        ("BOUNDS: tuple[int, int] = (0, 1)", SHARE),
        ("BOUNDS = (-1, 0.5)", Bounds(-1.0, 0.5)),
        ("BOUNDS = (None, 0)", Bounds(-math.inf, 0.0)),
        ("BOUNDS = (0, 1)\nBOUNDS = (0, None)", POSITIVE),
        ("SPLITS = ('',)", None),
        ("def measure(snapshot):\n    BOUNDS = (0, 1)", None),
        ("no Python", None),
    ],
)
def test_what_a_file_says_is_read_without_running_it(text: str, within: Bounds | None, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"{text}\n{user_files.RAISES if within else ''}")
    assert of_file(path) == within


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("BOUNDS = (0, math.inf)", "mine.py:1: BOUNDS must be written out in numbers and texts, got .0, math.inf."),
        ("BOUNDS = (1, 0)", "must be the smallest and the largest possible value, such as .0, None.*got .1, 0."),
        ("BOUNDS = 0", "got 0"),
        ("BOUNDS = (0, True)", "got .0, True."),
        ("BOUNDS = ('low', 1)", "got .'low', 1."),
    ],
)
def test_what_is_no_bounds_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(BadPlugin, match=says):
        of_file(tmp_path / "mine.py")


def test_those_of_a_users_own_measure_and_of_an_experiment(tmp_path: Path) -> None:
    said = f"BOUNDS = (0, 1)\n{user_files.MEASURE}{user_files.RAISES}"
    sweep = read(str(user_files.write(tmp_path, {"measures/largest.py": said})))
    with sweep.files.active():
        found = bounds("regression", ["error", "largest", "margin", "no_such"])
    assert (found["error"], found["largest"], found["null_norm"]) == (SHARE, SHARE, POSITIVE)
    assert not {"margin", "no_such", "perturbations"} & {*found}


@pytest.mark.parametrize("there", ["BOUNDS = (0, None)\n", None], ids=["another", "gone"])
def test_those_that_were_read_with_the_sweep_count(tmp_path: Path, there: str | None) -> None:
    sweep = read(str(user_files.write(tmp_path, {"measures/largest.py": f"BOUNDS = (0, 1)\n{user_files.MEASURE}"})))
    (file := tmp_path / "measures/largest.py").unlink()
    if there:
        file.write_text(there)
    with sweep.files.active():
        assert bounds("regression", ["largest"])["largest"] == SHARE


@pytest.mark.parametrize("name", EXPERIMENTS.shipped())
def test_every_experiment_says_bounds_of_measures_that_it_has(name: str) -> None:
    assert {*bounds(name, ())} <= {*EXPERIMENTS.load(name).MEASURES}
