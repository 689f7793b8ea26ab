"""YAML as plain values with their places: JSON reads as JSON does, places are true, nothing but BadSweep is raised."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.spec.yaml_source import SECRET, Path, parse
from tracking.common.errors import BadSweep

WORDS = st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" "), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | WORDS
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
KEYS = WORDS.filter(lambda key: not SECRET.fullmatch(key))


def documents(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS | NUMBERS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=20,
    )


DOCUMENTS = documents(KEYS)
UNDOTTED = documents(
    KEYS.filter(lambda key: "." not in key)
)  # a dotted key is the same as nested ones, and may meet them
slow_machines = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
GOOD = """title: t
experiment: network
fixed: {epochs: 2, net: {name: 'convnet', width: [2, 4]}}
vary:
  seed: {count: 2}
"""


def read(text: str) -> Any:
    source = parse(text.encode(), "a.yaml")
    if source.problems:
        raise BadSweep(source.problems)
    return source.value


def same(one: Any, other: Any) -> bool:
    """Equal, types included: 1, 1.0 and true are three values."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@slow_machines
@given(DOCUMENTS, st.sampled_from([None, 1]))
def test_json_is_read_as_json_reads_it(document: Any, indent: int | None) -> None:
    assert same(read(json.dumps(document, ensure_ascii=False, indent=indent)), document)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("1E5", 1e5), ("1.5e3", 1500.0), ("-.5", -0.5), ("+4", 4), ("5.", 5.0), ("-0", 0),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("", None),
        ("'1'", "1"), ('"true"', "true"),
        ("1_000", "1_000"), ("1:30", "1:30"), ("0x1F", "0x1F"), ("2020-01-01", "2020-01-01"), ("nan", "nan"),
        ("<<", "<<"),
    ],
)  # fmt: skip
def test_words_and_numbers_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    assert same(read(f"key: {text}"), {"key": value})


def paths(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """All keys and items with what is there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in (((*path, key), inner), *paths(inner, (*path, key)))]


@slow_machines
@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), UNDOTTED, max_size=4))
def test_at_every_place_stands_the_key_or_the_item(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    source, lines = parse(text.encode(), "a.yaml"), text.split("\n")
    for path, value in paths(document):
        line, column = (int(n) for n in source.place(path).split(":")[1:])
        found, _ = json.JSONDecoder().raw_decode("\n".join([lines[line - 1][column - 1 :], *lines[line:]]))
        assert same(found, path[-1] if isinstance(path[-1], str) else value)


def test_the_place_of_what_is_not_there_is_that_of_what_is_around_it() -> None:
    source = parse(GOOD.encode(), "a.yaml")
    assert source.place(("fixed", "net", "width", 1)) == "a.yaml:3:54"
    assert source.place(("fixed", "net", "depth")) == source.place(("fixed", "net")) == "a.yaml:3:20"
    assert source.place(("fixed", "net.width")) == source.place(("fixed", "net", "width"))
    assert source.at(("curves", 0), "what") == "a.yaml:1:1: curves.0: what"


@slow_machines
@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 8),
    st.text(max_size=4) | st.sampled_from(["\t", "\0", "&a ", "*a", "!x "]),
)
def test_a_damaged_file_is_read_or_refused_but_never_crashes(start: int, length: int, inserted: str) -> None:
    damaged = GOOD[:start] + inserted + GOOD[start + length :]
    try:
        parse(damaged.encode("utf-8", "surrogatepass"), "a.yaml")
    except BadSweep as error:
        for problem in error.problems:
            name, line, column, what = problem.split(":", 3)
            assert name == "a.yaml" and int(line) >= 1 and int(column) >= 1 and what.strip()


@slow_machines
@given(st.binary(max_size=60))
def test_bytes_are_read_or_refused_but_never_crash(content: bytes) -> None:
    try:
        parse(content, "a.yaml")
    except BadSweep as error:
        assert error.problems


def test_what_could_blow_up_is_refused_at_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    start = time.process_time()
    for text in (bomb, "a: &a [*a]", "a: " + "[" * 3000, "a: " + "9" * 5000, "a: " + "{a: " * 500 + "}" * 500):
        with pytest.raises(BadSweep):
            read(text)
    assert time.process_time() - start < 10
