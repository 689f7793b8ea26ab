"""Files found by name: what exists, and what is said of a file that lacks something."""

import sys
from pathlib import Path
from typing import Literal, Protocol

import pytest
from pydantic import TypeAdapter

from tracking.common.errors import BadPlugin, Refused
from tracking.common.named_files.plugins import Frozen, HasSettings, Kind, any_settings, settings_of


class Shape(Protocol):
    """A shape."""

    @property
    def SIDES(self) -> tuple[int, ...]:
        """Lengths of its sides."""

    def area(self, scale: float, /) -> float:
        """How much it covers."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """An empty package, importable under the name of the test."""
    package = tmp_path / f"shapes_of_{request.node.name}"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return package


def shapes(folder: Path) -> Kind[Shape]:
    return Kind("shape", folder.name, Shape)


def refusal(folder: Path, text: str) -> str:
    (folder / "one.py").write_text(text)
    with pytest.raises(BadPlugin) as refused:
        shapes(folder).load("one")
    return str(refused.value)


def test_a_file_that_has_everything_is_loaded_and_described(folder: Path) -> None:
    (folder / "square.py").write_text(
        '"""Four sides.\n\nMore."""\nSIDES = (1, 1, 1, 1)\ndef area(x, y=2): return x * y\n'
    )
    (folder / "_helper.py").touch()
    found = shapes(folder)
    assert found.names() == ("square",) and found.about("square") == "Four sides."
    assert found.load("square").area(3.0) == 6.0


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all(folder: Path) -> None:
    (folder / "square.py").touch()
    (folder / "circle.py").touch()
    with pytest.raises(Refused, match=r"unknown shape 'sqare', did you mean 'square'\? known: circle, square"):
        shapes(folder).load("sqare")


def test_every_member_that_is_missing_is_named_with_its_purpose(folder: Path) -> None:
    said = refusal(folder, "")
    assert str(folder / "one.py") in said and "shape 'one'" in said
    assert "lacks SIDES: tuple[int, ...]: Lengths of its sides." in said
    assert "lacks area(scale): How much it covers." in said


def test_a_function_of_other_parameters_is_shown_beside_what_is_expected(folder: Path) -> None:
    said = refusal(folder, "SIDES = ()\ndef area(scale, unit): return 0")
    assert "has area(scale, unit), expected area(scale)" in said and "SIDES" not in said


def test_what_is_no_function_is_shown(folder: Path) -> None:
    assert "has area = 3, expected area(scale)" in refusal(folder, "SIDES = ()\narea = 3")


def test_a_constant_of_another_type_is_shown(folder: Path) -> None:
    assert "has SIDES = 'abc', expected SIDES: tuple[int, ...]" in refusal(folder, "SIDES = 'abc'\narea = abs")


def test_only_the_file_that_is_named_is_imported(folder: Path) -> None:
    (folder / "good.py").write_text("SIDES = ()\narea = abs")
    (folder / "broken.py").write_text("raise RuntimeError('imported')")
    shapes(folder).load("good")
    assert f"{folder.name}.broken" not in sys.modules


def test_settings_of_another_name_than_their_file_are_refused(folder: Path) -> None:
    (folder / "circle.py").write_text(f"from {__name__} import Square as Settings")
    with pytest.raises(BadPlugin, match=r'circle.*`name: Literal\["circle"\] = "circle"`'):
        settings_of(Kind("shape", folder.name, HasSettings), "circle")


def test_a_name_that_the_settings_leave_out_is_that_of_the_file(folder: Path) -> None:
    (folder / "circle.py").write_text(f"from {__name__} import Shaped\nclass Settings(Shaped): radius: int = 1")
    (folder / "square.py").write_text(f"from {__name__} import Shaped\nclass Settings(Shaped): side: int = 1")
    adapter = TypeAdapter[Shaped](any_settings(Kind("shape", folder.name, HasSettings)))
    assert adapter.validate_json('{"name": "circle"}').model_dump() == {"name": "circle", "radius": 1}
    assert Shaped.model_fields["name"].annotation is str
    names = [model["properties"]["name"]["const"] for model in adapter.json_schema()["$defs"].values()]
    assert sorted(names) == ["circle", "square"]


class Shaped(Frozen):
    name: str


class Square(Frozen):
    name: Literal["square"] = "square"
