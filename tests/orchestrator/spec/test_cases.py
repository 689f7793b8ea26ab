"""Sweep files that once were misunderstood: the first comment of each says what is right."""

import pytest

from orchestrator.spec import load
from orchestrator.spec.expand import expand, varied
from tests.support.checkout import ROOT
from tracking.common.errors import BadSweep
from workers.trial import Trial

CASES = ROOT / "tests" / "support" / "cases"
REFUSED = {  # file -> line and column, and what is said
    "claim-over-lists": ("15:28", "a claim along net.width needs values with an order", "lists", "`x: parameters`"),
    "decimal-comma": ("9:5", "the text '0,01'; write 0.01"),
    "exclude-wrong-type": ("11:12", "the text '2' is no value of net.width; there are numbers: 2, 4"),
    "log-space-integers": ("10:3", "add integer: true"),
    "misspelt-space": ("10:29", "did you mean 'log_space'?"),
    "one-bad-curve": ("19:66", "trials differ in optimizer.momentum; name that in `group`"),
    "when-no-trial": ("11:29", "no trial has optimizer.name = sdg; there are sgd, gd"),
}
TRAINED = {  # file -> how many trials
    "lines-under-when": 13,
    "mixed-axis": 3,
    "null-on-a-numeric-axis": 6,
    "null-or-mapping": 4,
    "zip-with-repeats": 4,
}


def trials(name: str) -> list[Trial]:
    return expand(load.read(str(CASES / f"{name}.yaml")))


def test_every_case_is_tested() -> None:
    assert {path.stem for path in CASES.iterdir()} == {*REFUSED, *TRAINED}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_once_at_its_line(name: str) -> None:
    with pytest.raises(BadSweep) as caught:
        trials(name)
    [problem] = caught.value.problems
    place, *words = REFUSED[name]
    assert problem.startswith(f"{CASES / name}.yaml:{place}: ") and all(word in problem for word in words)


@pytest.mark.parametrize("name", TRAINED)
def test_means_as_many_trials(name: str) -> None:
    assert len({trial.id for trial in trials(name)}) == TRAINED[name]


def test_axes_that_move_together_differ_in_combination() -> None:
    nets = [trial.plain["net"] for trial in trials("zip-with-repeats")]
    assert [(net["init"], net["width"]) for net in nets] == [("he", 2), ("he", 4), ("default", 8), ("default", 16)]


def test_what_is_inside_a_mapping_varies_where_the_axis_may_be_null() -> None:
    assert varied(load.read(str(CASES / "null-or-mapping.yaml"))) == [
        "until.measure", "until.split", "until.at_most", "seed",
    ]  # fmt: skip
