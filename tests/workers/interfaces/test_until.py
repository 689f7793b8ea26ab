"""Training until a measure has come down or up to a value."""

import pytest

from tests.support.networks import small_trials
from tests.support.networks.trained import run
from workers.experiments import network
from workers.interfaces.until import Until


def last(until: dict[str, object]) -> tuple[int, str, dict]:
    """The epoch at which a trial ends, why, and its rows."""
    optimizer = {"batch_size": 20, "learning_rate": 0.1}
    trial = small_trials.trial(optimizer=optimizer, epochs=8, until=until, measure=["error", "risk", "norm", "margin"])
    *_, progress = network.run([trial], "cpu", None)
    outcome = progress.ended[trial.id]
    return outcome.step, outcome.reason, run([trial])


@pytest.mark.parametrize(
    ("until", "key", "words"),
    [
        ({"measure": "norm", "at_least": 7.1}, ("", "norm", ""), "norm at least 7.1"),
        ({"measure": "risk", "split": "test", "at_most": 2.1}, ("test", "risk", ""), "test risk at most 2.1"),
        ({"measure": "margin", "at_least": -1}, ("train", "margin", ""), "train margin at least -1"),
    ],
)
def test_it_ends_at_the_first_evaluation_that_reaches_it(
    until: dict[str, object], key: tuple[str, str, str], words: str
) -> None:
    epoch, reason, rows = last(until)
    assert reason == words and 0 < epoch < 8
    values = [value for (_, _, *place), value in sorted(rows.items(), key=lambda row: row[0][1]) if tuple(place) == key]
    rising = "at_least" in until
    there = [v >= until["at_least"] if rising else v <= until["at_most"] for v in values]  # type: ignore[operator]
    assert there == [False] * epoch + [True]


def test_a_layer_is_one_of_the_measures() -> None:
    epoch, reason, _ = last({"measure": "frobenius_norm", "layer": "conv1", "at_least": 0.1})
    assert (epoch, reason) == (0, "frobenius_norm conv1 at least 0.1")
    with pytest.raises(ValueError, match='no layer "conv9"; it has "conv1", "conv2", "conv3", "output"'):
        last({"measure": "frobenius_norm", "layer": "conv9", "at_least": 0.1})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"measure": "nrom"}, "did you mean 'norm'"),
        ({"measure": "norm", "split": "test"}, 'measured on "", got split "test"'),
        ({"at_most": 0.1, "at_least": 0.2}, "one of at_most and at_least"),
        ({"at_most": None}, "needs at_most or at_least"),
    ],
)
def test_what_cannot_be_reached_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Until(**settings)  # type: ignore[arg-type]


def test_what_is_recorded_makes_the_same_condition_again() -> None:
    for until in (Until(), Until(measure="norm", at_least=2.0), Until(measure="risk", split="test", at_most=0.5)):
        assert Until.model_validate(until.model_dump()) == until
