"""Malformed sweep files: each is refused before anything runs, at its line, in words that say what to do."""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.spec import expand, load
from orchestrator.spec.yaml_source import parse
from tests.support.bad_sweeps import CASES, GOOD, Case
from tests.support.checkout import ROOT
from tracking.common.errors import BadSweep

DOCUMENT = ROOT / "docs" / "reference" / "bad-inputs.md"
JARGON = ("Input should", "pydantic", "dict", "NoneType", "Traceback", "<block", "%r")


def refused(case: Case, folder: Path) -> str:
    path = folder / "mine.yaml"
    path.write_bytes(case.content())
    with pytest.raises(BadSweep) as caught:
        expand.expand(load.read(str(path), case.profile, case.sets))
    return str(caught.value).replace(str(path), "mine.yaml").replace(f"{folder}/", "")


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name.replace(" ", "-")) for c in CASES])
def test_is_refused_at_its_line_in_plain_words(case: Case, tmp_path: Path) -> None:
    message = refused(case, tmp_path)
    assert message.startswith(case.at if case.at.startswith("--set") else f"mine.yaml:{case.at}: ")
    assert not [words for words in case.says if words not in message]
    assert not [words for words in JARGON if words in message]


def test_the_file_that_the_cases_change_is_good(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    assert len(expand.expand(load.read(str(tmp_path / "mine.yaml"), "debug", ["epochs=3"]))) == 4


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("missing.yaml", "no such file or directory; shipped sweeps: deep_linear,"),
        ("folder.yaml", "is a directory"),
        ("My Sweep.yaml", "at most 64 of a-z 0-9 . _ -"),
        ("-x.yaml", "first a letter or digit, got '-x'; rename the file"),
        ("x" * 65 + ".yaml", "rename the file"),
        (".yaml", "rename the file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(file: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(BadSweep) as caught:
        load.read(str(tmp_path / file))
    assert str(caught.value).startswith(f"{tmp_path / file}: ") and says in str(caught.value)


def problems(text: str, folder: Path, profile: str | None = None) -> list[str]:
    """What is said of a file, without its name."""
    (folder / "mine.yaml").write_text(text)
    with pytest.raises(BadSweep) as caught:
        expand.expand(load.read(str(folder / "mine.yaml"), profile))
    return [problem.removeprefix(f"{folder}/mine.yaml:") for problem in caught.value.problems]


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_several_mistakes_are_said_at_once(tmp_path: Path) -> None:
    """In the form, in names, in axes, in settings and in what is drawn and judged: each once, at its line."""
    settings = problems(
        changed(("epochs: 2", "epochs: 0"), ("depth: 3", "dept: 3"), ("[error, risk,", "[rsk,")), tmp_path
    )
    assert [problem.split(":")[0] for problem in settings] == ["5", "7", "11"]
    drawn = changed(("y: error}", "y: eror}"), ("tolerance: 0.01", "tolerance: -1"), ("epochs: 2", "epochs: 0"))
    assert sorted(problem.split(":")[0] for problem in problems(drawn, tmp_path)) == ["13", "15", "7"]
    axes = changed(("[2, 4]", "[]"), ("y: error}", "y: eror}"), ("title:", "tilte:"))
    assert sorted(problem.split(":")[0] for problem in problems(axes, tmp_path)) == ["1", "1", "13", "9"]
    axis = changed(("count: 2}\nmeasure", "count: 02}\nmeasure"), ("depth: 3", "dept: 3"))
    assert [problem.split(":")[0] for problem in problems(axis, tmp_path)] == ["10", "5"]
    both = changed(("[2, 4]", "[]"), ("epochs: 2", "epochs: 2.5"), ("depth: 3", "dept: 3"), ("[error, risk,", "[rsk,"))
    assert sorted(problem.split(":")[0] for problem in problems(both, tmp_path)) == ["11", "5", "7", "9"]
    written = changed(
        ("batch_size: 20}", "batch_size: 20, learning_rate: 0,1}"), ("epochs: 2", "epochs: 02\n  epochs: 3"),
        ("depth: 3", "dept: 3"), ("[2, 4]", "[2,04]"), ("y: error}", "y: eror}"),
    )  # fmt: skip
    assert [problem.split(":")[0] for problem in problems(written, tmp_path)] == ["6", "7", "8", "10", "5", "14"]


def test_a_mistake_brings_no_others_with_it(tmp_path: Path) -> None:
    """What depends on something that is wrong is not said to be wrong, too."""
    for old, new in (
        ("measure:", "mesure:"),
        ("[2, 4]", "[2, a]"),
        ("network\n", "netwrok\n"),
        ("y: error}", "z: error}"),
    ):
        text = changed((old, new), ("tolerance: 0.01", "where: {net.width: 4}"))
        lines = {problem.split(":")[0] for problem in problems(text, tmp_path)}
        assert len(lines) == 1, lines


def test_no_more_is_said_than_can_be_read(tmp_path: Path) -> None:
    wrong = "".join(f"  - {{name: c{i}, x: step, y: eror}}\n" for i in range(150))
    found = problems(changed(("claims:\n", wrong + "claims:\n")), tmp_path)
    assert len(found) == 41 and found[-1] == "... and more; these are the first 40"


@pytest.mark.parametrize(
    ("command", "old", "new"),
    [
        (("launch", "--local"), "epochs: 2", "epochs: -2"),
        (("launch",), "net.width: [2, 4]", "net.width: []"),
        (("plan",), "title:", "tilte:"),
        (("curves",), "y: error}", "y: eror}"),
        (("verify",), "[2, 4]", "[2, 4"),
    ],
)
def test_the_command_line_says_it_and_starts_nothing(
    command: tuple[str, ...], old: str, new: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD.replace(old, new))
    call = [sys.executable, "-m", "orchestrator.cli", command[0], "mine.yaml", *command[1:]]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("mine.yaml:") and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


WHOLE = parse(GOOD.encode(), "good.yaml").value | {
    "zip": [["net.width", "seed"]],
    "when": {"net.width": {"net.name": "convnet"}},
    "exclude": [{"net.width": 2}],
    "panels": [{"name": "p", "curves": ["a", "a"]}],
}
WHOLE["fixed"] |= {
    "perturbation": {"name": "gaussian", "after": {"at_most": 0.1}},
    "until": {"measure": "error"},
    "pretrain": {"label_noise": 1.0, "epochs": 2},
    "loss": "square",
}
KEYS = ("name", "net", "net.width", "seed", "count", "x", "y", "where", "log_space", "linear_space", "integer", "", ".")
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.sampled_from([*KEYS, "none", "convnet", "gaussian", "error"]) | st.text(max_size=4)
ANYTHING = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ((*path, key), *places(inner, (*path, key)))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(places(WHOLE))), ANYTHING, st.sampled_from([None, "debug"]))
def test_anything_anywhere_is_read_or_refused_but_never_crashes(
    place: tuple[Any, ...], value: Any, profile: str | None
) -> None:
    changed = copy.deepcopy(WHOLE)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(json.dumps(changed))
        try:
            assert load.read(str(path), profile).digest
            assert expand.expand(load.read(str(path), profile))
        except BadSweep as error:
            assert all(problem.startswith(f"{path}:1:") for problem in error.problems)
            assert not [words for words in ("Input should", "tuple", "pydantic") if words in str(error)]


def test_the_documented_messages_are_those_of_the_program(tmp_path: Path) -> None:
    """SWEEP_WRITE_DOCS=1 writes them anew."""
    text = document(tmp_path)
    if os.environ.get("SWEEP_WRITE_DOCS") == "1":
        DOCUMENT.write_text(text)
    assert DOCUMENT.read_text() == text, "run this test with SWEEP_WRITE_DOCS=1"


def document(folder: Path) -> str:
    parts = [
        "# Error messages for malformed sweep files",
        "A sweep file is read, validated and expanded before anything starts. A mistake ends the command with exit "
        "code 2. Each message is `file:line:column: key: what is wrong; what to do`; lists of known names are cut. "
        "Generated by `tests/orchestrator/spec/test_bad_sweeps.py`, which changes this file in one place at a time:",
        code(GOOD),
    ]
    for case in CASES:
        new = case.new if isinstance(case.new, str) else repr(case.new)[2:-1]
        how = f"--profile {case.profile}" if case.profile else "".join(f"--set {override}" for override in case.sets)
        if new == GOOD or not new.strip():
            shown = code(how or f"without: {case.old.strip()}" if case.old or how else "(nothing)")
        else:
            shown = code((new if len(new) < 300 else f"{new[:60]}...") + (f"  # {how}" if how else ""))
        parts += [f"## {case.name}", shown, code(re.sub(r"known: [^;\n]*", "known: ...", refused(case, folder)))]
    return "\n\n".join(parts) + "\n"


def code(text: str) -> str:
    printable = text.replace("\0", "\\0")
    return "\n".join(f"    {line}".rstrip() for line in printable.splitlines())
