"""Prints the rooms of each package, the arrows between them, and those that run back: `make structure`.

A room is a sub-package, or a module that lies directly in its package. An arrow is one room importing another; it runs
back when the layers of pyproject.toml, from the top down, put its end above its start.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp

from tests.support.checkout import ROOT

Arrow = tuple[str, str]


def room(module: str) -> str:
    """The room that a module is in: its first two parts."""
    return ".".join(module.split(".")[:2])


def arrows(graph: grimp.ImportGraph, package: str) -> dict[Arrow, int]:
    """How many imports go from one room of the package to another."""
    found: dict[Arrow, int] = {}
    for module in sorted(m for m in graph.modules if m.startswith(f"{package}.")):
        for imported in graph.find_modules_directly_imported_by(module):
            arrow = room(module), room(imported)
            if imported.startswith(f"{package}.") and arrow[0] != arrow[1]:
                found[arrow] = found.get(arrow, 0) + 1
    return found


def levels(contract: dict[str, Any]) -> dict[str, int]:
    """The layer of each room, 0 at the top."""
    (package,) = contract["containers"]
    return {f"{package}.{name.strip()}": n for n, layer in enumerate(contract["layers"]) for name in layer.split("|")}


def circles(found: dict[Arrow, int]) -> list[Arrow]:
    """Pairs of rooms that reach each other."""
    reach = {start: {end for begin, end in found if begin == start} for start, _ in found}
    for _ in reach:
        reach = {start: ends.union(*(reach.get(end, set()) for end in ends)) for start, ends in reach.items()}
    return [(one, two) for one, ends in reach.items() for two in ends if one <= two and one in reach.get(two, set())]


@dataclass(frozen=True)
class Structure:
    """The rooms of one package and the arrows between them."""

    package: str
    rooms: int
    files: int
    arrows: dict[Arrow, int]
    back: list[Arrow]
    circles: list[Arrow]


def structures(root: Path = ROOT) -> list[Structure]:
    """Of every package whose rooms pyproject.toml puts in layers."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    graph = grimp.build_graph("orchestrator", "workers", "tracking")
    return [structure(graph, c) for c in contracts if c["type"] == "layers" and "containers" in c]


def structure(graph: grimp.ImportGraph, contract: dict[str, Any]) -> Structure:
    """Of the package of one contract."""
    (package,), level = contract["containers"], levels(contract)
    found = arrows(graph, package)
    back = [arrow for arrow in found if level[arrow[0]] > level[arrow[1]]]
    files = sum(module.startswith(f"{package}.") for module in graph.modules)
    return Structure(package, len(level), files, found, back, circles(found))


def table(found: list[Structure]) -> str:
    """The whole table as text."""
    head = ("package", "rooms", "files", "imports between rooms", "arrows", "back", "circles")
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for s in found:
        numbers = (s.rooms, s.files, sum(s.arrows.values()), len(s.arrows), len(s.back), len(s.circles))
        lines.append(f"| {s.package} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(structures()))
