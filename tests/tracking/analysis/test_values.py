"""Values of settings: which are the same, which trials have them, what they are called."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracking.analysis.frame import COLUMNS, Planned, frame, in_memory
from tracking.analysis.values import Nested, codes, frozen, identity, is_number, matching, of_one_kind, text, words

DIFFERENT: list[Any] = [
    *(0, 1, 0.5, "0", "1", "", None, math.nan, True, False, "yes", "None", "nan"),
    *([], [1], [1, 2], ["1"], [True], [[1], 2], {}, {"a": 1}, {"a": True}, {"a": [1]}, {"b": 1}),
]
SAME: list[tuple[Any, Any]] = [
    *((1, 1.0), (np.int64(2), 2.0), (True, np.bool_(True)), ([1, 2], (1.0, 2.0)), (math.nan, float("nan"))),
    ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_value_in_two_spellings(one: Any, other: Any) -> None:
    assert identity(frozen(one)) == identity(frozen(other))


def test_different_values_are_different() -> None:
    for one, other in itertools.combinations(DIFFERENT, 2):
        assert identity(frozen(one)) != identity(frozen(other)), (one, other)


def test_codes_number_the_values_as_they_first_occur() -> None:
    column = pd.Series([frozen(v) for v in [None, 2, "2", 2.0, [4], None, math.nan, [4]]], dtype=object)
    found, values = codes(column)
    assert found.tolist() == [0, 1, 2, 1, 3, 0, 4, 3] and values[:4] == [None, 2, "2", (4,)]
    for kind in (["a", "b", "a"], [True, False, True], ["a", math.nan, "a"]):
        assert codes(pd.Series(kind))[0].tolist() == [0, 1, 0]
    assert codes(pd.Series([2, 8, 2]))[0].tolist() == codes(pd.Series([2.0, math.nan, 2.0]))[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (2, [1]),
        ("2", [2]),
        (True, [3]),
        (1, []),
        ([2, "2"], [1, 2]),
        ([4, 8], [5]),
        (None, [0, 4]),
        ([None, True], [0, 3, 4]),
    ],
)
def test_conditions_hold_with_their_types(wanted: Any, places: list[int]) -> None:
    column = pd.Series([None, 2, "2", True, math.nan, (4, 8)], dtype=object)
    assert np.flatnonzero(matching(column, wanted)).tolist() == places


def test_a_mapping_in_some_trials_is_a_value_of_its_own_column() -> None:
    settings: list[dict[str, Any]] = [{"until": None}, {"until.measure": "error", "until.at_most": 0.5}, {}]
    planned = [Planned(str(i), str(i), 0, one) for i, one in enumerate(settings)]
    trials = frame(planned, {}, in_memory(pd.DataFrame(columns=COLUMNS))).trials
    column = trials["until"].tolist()
    assert column[0] is None and math.isnan(column[2])
    assert column[1] == Nested((("at_most", 0.5), ("measure", "error")))
    assert words("training.until", column[1]) == "until (at most 0.5, measure error)"


def test_columns_of_tables_are_of_one_kind() -> None:
    assert of_one_kind([1, 2.5]) == [1, 2.5] and of_one_kind([True, False]) == [True, False]
    assert of_one_kind([1, None]) == ["1", "none"] and of_one_kind([(4, 8), True]) == ["4-8", "yes"]


def test_only_numbers_have_an_order() -> None:
    assert [v for v in DIFFERENT if is_number(v)] == [0, 1, 0.5] and is_number(np.float64(1)) and is_number(np.int64(1))


@pytest.mark.parametrize(
    ("value", "said"), [(8.0, "8"), ((8, 16), "8-16"), (True, "yes"), (None, "none"), (0.1, "0.1")]
)
def test_text(value: Any, said: str) -> None:
    assert text(value) == said


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("net.width", 8, "width 8"),
        ("net.batch_norm", False, "no batch norm"),
        ("data.name", "none", "no data"),
        ("loss", "cross_entropy", "cross entropy"),
        ("until", None, "until none"),
    ],
)
def test_words(setting: str, value: Any, said: str) -> None:
    assert words(setting, value) == said
