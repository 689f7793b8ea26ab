"""JSON without the words NaN and Infinity, which strict readers refuse."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.common.strict_json import strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


def refused(word: str) -> object:
    raise ValueError(word)


def as_read(value: object) -> object:
    """What a strict reader gets."""
    if isinstance(value, dict):
        return {key: as_read(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_read(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(VALUES)
def test_every_value_is_read_by_a_strict_reader(value: object) -> None:
    assert json.loads(strict_json(value), parse_constant=refused) == as_read(value)


def test_what_json_does_not_know_is_its_text() -> None:
    assert json.loads(strict_json({"file": Path("a")})) == {"file": "a"}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null(number: float) -> None:
    assert strict_json({"risk": [number, 1.5]}) == '{"risk": [null, 1.5]}'
