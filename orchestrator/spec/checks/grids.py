"""What must be true of the axes of a grid together: nothing is set twice, conditions can be fulfilled, no value is
repeated."""

from collections.abc import Iterator, Sequence

from orchestrator.spec import messages
from orchestrator.spec.dotted_keys import Overlaps, leaves, nested
from orchestrator.spec.file_model import File
from orchestrator.spec.grids.axes import Count, equal, form
from orchestrator.spec.grids.grid import Axis, Grid
from orchestrator.spec.grids.written_values import WrittenValues
from orchestrator.spec.yaml_source import Path, Source, dotted
from tracking.common.flatten import flat
from tracking.common.named_files.plugins import unknown


def check(source: Source, file: File, grids: Sequence[Grid], values: WrittenValues) -> Iterator[str]:
    """What is wrong with the grids of a file."""
    for grid in grids:
        yield from _together(source, grid)
        yield from _set_once(source, grid)
        if file.measure is not None and ("measure" in grid.fixed or "measure" in grid.axes):
            path = grid.axes["measure"].path if "measure" in grid.axes else ("fixed", "measure")
            what = f"given twice, also at {source.place(('measure',))}; keep one"
            yield source.at(source.within(grid.path, path), what)
    yield from _conditions(source, grids, values)


def _together(source: Source, grid: Grid) -> Iterator[str]:
    """Whether axes that move together fit, and only combinations of their values differ."""
    paths = {tuple(group.axes): group.path for group in grid.zip}
    for group in grid.groups():
        axes = {name: grid.axes[name] for name in group if name in grid.axes}
        missing = [name for name in group if name not in grid.axes]
        lengths = {name: len(axis.values) for name, axis in axes.items()}
        path = paths.get(tuple(group), axes[group[0]].path if not missing else ())
        broken = bool(grid.path) and path[: len(grid.path)] != grid.path  # by a grid, and given at the top of the file
        if missing:
            there, gone = next(iter(axes)), missing[0]
            what = f"'{gone}' does not vary here, but '{there}' does; vary both or neither"
            if broken:
                what = f"'{gone}' does not vary in this grid, but '{there}' does, which moves with it"
                remedy = f"vary both here, or take '{there}' away, too: `vary: {{{there}: null}}`"
                what = f"{what} ({source.place(path)}); {remedy}"
            yield source.at(_changing(source, grid, missing) if broken else path, what)
        elif len(set(lengths.values())) > 1:
            sizes = ", ".join(f"'{name}' has {length}" for name, length in lengths.items())
            what = f"axes that move together need equally many values, but {sizes}"
            if broken:
                what = f"{what} in this grid; they move together by {source.place(path)}: vary both here"
            yield source.at(_changing(source, grid, list(axes)) if broken else path, what)
        elif twice := _twice(axes):
            yield source.at(path, twice)


def _changing(source: Source, grid: Grid, names: list[str]) -> Path:
    """Where a grid changes one of these axes of the file; the grid itself where that is not one place."""
    written = [(*grid.path, section, name) for name in names for section in ("vary", "fixed")]
    return next((path for path in written if dotted(path) in source.places), grid.path)


def _twice(axes: dict[str, Axis]) -> str:
    """Says which values of an axis, or combinations of axes that move together, are equal, where any are."""
    axis = next(iter(axes.values()))
    if len(axes) == 1 and isinstance(axis.written, dict) and form(axis.written) is Count:
        return ""
    same = equal([list(row) for row in zip(*(axis.values for axis in axes.values()), strict=True)])
    if same is None:
        return ""
    which = f"values {same[0] + 1} and {same[1] + 1}"
    if len(axes) > 1:
        shown = ", ".join(f"{name} = {messages.written(axis.values[same[0]])}" for name, axis in axes.items())
        return f"{which} are equal in all of these axes ({shown}), and so would their trials be; drop one"
    remedy = "drop one" if isinstance(axis.written, list) else "lower the count"
    return f"{which} are equal ({messages.given(axis.values[same[0]])}), and so would their trials be; {remedy}"


def _set_once(source: Source, grid: Grid) -> Iterator[str]:
    """No axis may set what is fixed or what another axis sets."""
    fixed = Overlaps(flat(grid.fixed))
    sets = {name: leaves(name, axis.values) for name, axis in grid.axes.items()}
    setter: dict[str, str] = {}
    for name, keys in sets.items():
        for key in keys:
            setter.setdefault(key, name)
    varied, order = Overlaps(setter), {name: i for i, name in enumerate(grid.axes)}
    for axis, keys in sets.items():
        for key in keys:
            for other in fixed.of(key):
                place = source.place(source.within(grid.path, ("fixed", other)))
                whole = f"; it must be a mapping for '{key}' to be inside it" if key.startswith(f"{other}.") else ""
                what = f"'{other}' is also fixed, at {place}{whole or '; fix it or vary it'}"
                yield source.at(grid.axes[axis].path, what)
            if before := [k for k in varied.of(key) if order[setter[k]] < order[axis]]:
                what = f"'{key}' is also varied, by the axis '{setter[before[0]]}'; keep one"
                yield source.at(grid.axes[axis].path, what)


def replaced(source: Source, file: File, grids: Sequence[Grid]) -> Iterator[str]:
    """What stands at the top of a file and matters to none of its grids."""
    if not file.grids:
        return
    used = {axis.path for grid in grids for axis in grid.axes.values()}
    for name in file.vary:
        if ("vary", name) not in used:
            yield source.at(("vary", name), "every grid replaces this axis or takes it away; leave it out")
    replaced = [Overlaps(flat(nested(section.fixed))) for section in file.grids]
    fixed = [flat(grid.fixed).keys() for grid in grids]
    for key in flat(nested(file.fixed)):
        if not any(key in keys and not own.of(key) for keys, own in zip(fixed, replaced, strict=True)):
            yield source.at(("fixed", key), "every grid replaces this; leave it out")


def _conditions(source: Source, grids: Sequence[Grid], values: WrittenValues) -> Iterator[str]:
    """Conditions speak of settings and values that exist, in the file or in what a profile makes of it."""
    seen = set[Path]()
    for path, condition in (one for grid in grids for one in (*grid.when.values(), *grid.exclude)):
        if path in seen:
            continue
        seen.add(path)
        for key, wanted in condition.items():
            if key not in values.settings:
                what = unknown("setting", key, sorted(values.settings))
                yield source.at((*path, key), f"{what}; a condition needs a setting that is fixed or varied")
            else:
                for inner, value in values.missing(key, wanted):
                    what = messages.nothing_has(key, value, list(values.of(key).values()))
                    yield source.at((*path, key, *inner), what)
