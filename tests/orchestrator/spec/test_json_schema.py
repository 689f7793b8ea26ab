"""The JSON Schema that editors use, judged by a validator that is not ours."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from orchestrator.spec.file_model import File
from orchestrator.spec.generated import json_schema, key_reference
from orchestrator.spec.yaml_source import parse
from tracking.common.program_sources import PROGRAM, shipped_sweeps
from workers import plugins

SWEEPS = PROGRAM / "sweeps"
SHIPPED = list(shipped_sweeps().values())
VALIDATOR = jsonschema.Draft202012Validator(json.loads(json_schema.text()))


def plain(path: Path) -> Any:
    return parse(path.read_bytes(), path.name).value


def test_the_shipped_schema_is_the_current_one() -> None:
    assert (SWEEPS / json_schema.NAME).read_text() == json_schema.text(), (
        "run orchestrator.spec.generated.json_schema.write()"
    )


def test_the_schema_is_one() -> None:
    VALIDATOR.check_schema(json.loads(json_schema.text()))
    whole = json_schema.schema()
    references = {ref.removeprefix("#/$defs/") for ref in _values(whole, "$ref")}
    assert references and references <= whole["$defs"].keys()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_sweep_is_valid_and_names_the_schema(path: Path) -> None:
    assert path.read_text().startswith(f"# yaml-language-server: $schema=../{json_schema.NAME}\n")
    assert [error.message for error in VALIDATOR.iter_errors(plain(path))] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_sweep_reads_the_same_to_yaml_as_everybody_knows_it(path: Path) -> None:
    """No shipped sweep needs what our reader does differently; where PyYAML is wrong (1e-3 a text), none is used."""
    assert yaml.safe_load(path.read_text()) == plain(path)


CHANGES = {
    "an unknown section": (("mesure",), ["error"]),
    "a misspelt setting": (("fixed", "optimiser"), {"name": "sgd"}),
    "a misspelt setting inside": (("fixed", "net", "dept"), 3),
    "a misspelt dotted setting": (("fixed", "net.dept"), 3),
    "a setting of the wrong kind": (("fixed", "epochs"), "many"),
    "a dotted setting of the wrong kind": (("fixed", "net.depth"), "deep"),
    "an unknown net": (("fixed", "net", "name"), "convnt"),
    "a misspelt axis": (("vary", "net.widht"), [2, 4]),
    "an axis that is no axis": (("vary", "net.width"), 5),
    "an empty axis": (("vary", "net.width"), []),
    "a falsely spelt space": (("vary", "net.width"), {"log_spce": [1, 2], "count": 2}),
    "an unknown measure": (("measure",), ["errr"]),
    "an unknown experiment": (("experiment",), "netwrok"),
    "an unknown claim": (("claims", 0, "name"), "no_overfiting"),
    "a misspelt key of a claim": (("claims", 0, "tolernce"), 0.1),
    "a misspelt key of a curve": (("curves", 0, "bend"), "ci95"),
    "a misspelt setting of a profile": (("profiles", "debug", "fixed", "epoch"), 3),
    "a misspelt section of a profile": (("profiles", "debug", "fxed"), {}),
}


@pytest.mark.parametrize(("path", "value"), CHANGES.values(), ids=CHANGES.keys())
def test_the_schema_refuses(path: tuple[str | int, ...], value: Any) -> None:
    changed = copy.deepcopy(plain(shipped_sweeps()["demo"]))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert list(VALIDATOR.iter_errors(changed))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("fixed", "net.depth"), 3),
        (("fixed", "optimizer.momentum"), 0.9),
        (("vary", "optimizer.momentum"), [0.0, 0.9]),
        (("vary", "net"), [{"name": "convnet", "width": 8}, {"name": "linear"}]),
        (("vary", "net.width"), {"log_space": [1, 8], "count": 4, "integer": True}),
        (("profiles", "tiny"), {"fixed": {"net.depth": 2, "data": {"test_size": 10}}, "vary": {"net.width": None}}),
    ],
)
def test_the_schema_allows(path: tuple[str, ...], value: Any) -> None:
    changed = copy.deepcopy(plain(shipped_sweeps()["demo"]))
    changed[path[0]][path[1]] = value
    assert [error.message for error in VALIDATOR.iter_errors(changed)] == []


def test_every_key_is_described() -> None:
    """Editors show the descriptions. `name` says which file is meant, and that file's first line describes it."""
    missing = set(_undescribed(File.model_json_schema()))
    for experiment in plugins.EXPERIMENTS.names():
        model = plugins.EXPERIMENTS.load(experiment).Settings
        missing |= {f"{experiment}: {key}" for key in _undescribed(model.model_json_schema())}
    assert missing == set()


def _undescribed(found: dict[str, Any]) -> Iterator[str]:
    for name, part in {"": found, **found.get("$defs", {})}.items():
        for key, value in part.get("properties", {}).items():
            if not value.get("description") and key != "name":
                yield f"{name}.{key}"


def _values(part: Any, key: str) -> Iterator[Any]:
    if isinstance(part, dict):
        yield from [v for k, v in part.items() if k == key]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _values(inner, key)


def test_the_page_of_keys_is_that_of_the_models() -> None:
    page = PROGRAM / "docs" / "reference" / "keys.md"
    assert page.read_text() == key_reference.page(), "run orchestrator.spec.generated.key_reference.write()"
    for word in ("optimizer.learning_rate", "### no_overfitting", "| `frobenius_norm` |", "### convnet"):
        assert word in key_reference.page()
