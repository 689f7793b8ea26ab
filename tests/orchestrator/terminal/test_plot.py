"""The plot of a curve in the terminal: points are where they should be, whatever the axes, and characters are safe."""

import io
import math

import pytest
from rich.console import Console

from orchestrator.terminal import console, plot
from orchestrator.terminal.plot import HEIGHT, MOST, Axis, Line

X, Y = Axis("parameters"), Axis("error")


def drawn(lines: list[Line], x: Axis, y: Axis, monkeypatch: pytest.MonkeyPatch, width: int = 80) -> list[str]:
    """The lines of text, without colours."""
    shown = Console(file=io.StringIO(), width=width)
    monkeypatch.setattr(console, "console", shown)
    plot.plot("a curve", lines, x, y)
    return str(shown.file.getvalue()).splitlines()  # type: ignore[attr-defined]


def marks(rows: list[str], mark: str) -> list[tuple[int, int]]:
    """Row and column of each mark within the frame, without the legend."""
    inside = [row for row in rows if row.rstrip().endswith("│")]
    return [(r, c) for r, row in enumerate(inside) for c, letter in enumerate(row) if letter == mark]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_equal_steps_on_an_axis_are_equally_far_apart(logarithmic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [1.0, 10.0, 100.0] if logarithmic else [0.0, 1.0, 2.0]
    names = dict(zip(range(3), "abc", strict=True))  # marks alone, no line between them
    rows = drawn([Line("l", [0, 1, 2], places)], Axis("x", names=names), Axis("y", logarithmic), monkeypatch)
    found = marks(rows, "o")
    assert len(found) == 3
    (r0, _), (r1, _), (r2, _) = sorted(found)
    assert abs((r1 - r0) - (r2 - r1)) <= 1
    assert all(f" {name}" in rows[HEIGHT - 1] or name in rows[HEIGHT - 1] for name in "abc")


def test_a_line_rises_where_its_values_do(monkeypatch: pytest.MonkeyPatch) -> None:
    found = marks(drawn([Line("l", [1, 10, 100], [1, 2, 3])], Axis("x", True), Y, monkeypatch), "o")
    columns = [column for _, column in sorted(found, key=lambda place: -place[0])]
    assert len(found) > 20 and columns == sorted(columns)


def test_what_has_no_place_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = [Line("l", [0.0, 1.0, 2.0], [math.nan, math.inf, -1.0])]
    assert drawn(nowhere, X, Axis("error", True), monkeypatch) == []
    rows = drawn([Line("l", [0.0, 1.0, 10.0], [1.0, 2.0, 3.0])], Axis("x", True), Y, monkeypatch)
    assert rows and "1 " in rows[HEIGHT - 1] and "10" in rows[HEIGHT - 1]


@pytest.mark.parametrize("width", [30, 60, 300])
def test_it_fits_its_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Line(f"line {i}", [1, 2, 3], [i, i + 1, i]) for i in range(MOST + 2)]
    rows = drawn(lines, X, Y, monkeypatch, width)
    assert max(map(len, rows)) <= width
    legend = " ".join(rows[HEIGHT + 1 :])
    assert all(f"{mark} line {i}" in legend for i, mark in enumerate(plot.MARKS)) and "and 2 more lines" in legend


def test_one_point_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert marks(drawn([Line("l", [5.0], [0.5])], X, Y, monkeypatch), "o")
