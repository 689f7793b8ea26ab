"""At which epochs models are evaluated."""

import pytest

from tests.support.networks import small_trials
from tests.support.networks.trained import run
from workers.training.evaluations import LogSpaced, evaluated


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (1, {1, 2, 3, 4, 5, 6, 7}),
        (3, {3, 6, 7}),
        (9, {7}),
        ((1, 4), {1, 4, 7}),
        ((7, 2, 90), {2, 7}),
        (LogSpaced(log_space=(1, 8), count=4), {1, 2, 4, 7}),
        (LogSpaced(log_space=(1, 7), count=70), {1, 2, 3, 4, 5, 6, 7}),
    ],
)
def test_epochs(every: int | tuple[int, ...] | LogSpaced, expected: set[int]) -> None:
    assert evaluated(every, 7) == expected


def test_what_is_not_evaluated_is_trained_all_the_same() -> None:
    """The rows of the epochs that are evaluated are the same, whichever others are."""
    often = small_trials.trial(epochs=6)
    seldom = small_trials.trial(epochs=6, evaluate_every={"log_space": [1, 6], "count": 3})
    assert often.id == seldom.id, "how often a training is looked at is no part of it"
    all_rows, rows = run([often]), run([seldom])
    assert {key[1] for key in rows} == {0, 1, 2, 6}
    assert rows == {key: value for key, value in all_rows.items() if key[1] in {0, 1, 2, 6}}


@pytest.mark.parametrize(
    ("every", "message"),
    [(0, "greater than 0"), ([], "at least 1 item"), ([2, 0], "greater than 0"),
     ({"log_space": [5, 5], "count": 2}, "first epoch < last epoch"),
     ({"log_space": [1, 5], "count": 1}, "greater than or equal to 2")],
)  # fmt: skip
def test_what_is_no_epoch_is_refused(every: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_trials.trial(evaluate_every=every)
