"""From the sections of a file to its grids: each of `grids` is put over the sections that stand at the top of the file.

fixed    a grid's settings replace those at the top, one by one; a setting that the grid varies is not fixed there
vary     likewise; an axis that is null is taken away, and so is one that the grid fixes
zip      groups are added
when     an axis's condition replaces the one at the top
exclude  combinations are added
"""

from orchestrator.spec.dotted_keys import Overlaps, Settings, drop, leaves, nested, put
from orchestrator.spec.file_model import File, GridSections
from orchestrator.spec.grids.axes import values
from orchestrator.spec.grids.grid import Axis, Condition, Grid, Together
from orchestrator.spec.yaml_source import Path
from tracking.common.flatten import flat


def merged(file: File) -> list[Grid]:
    """The grids of a file whose sections have been checked."""
    top = _axes(file, ())
    if not file.grids:
        return [_grid(nested(file.fixed), top, file, None, ())]
    return [_over(file, top, section, ("grids", i)) for i, section in enumerate(file.grids)]


def _over(file: File, top: dict[str, Axis], section: GridSections, path: Path) -> Grid:
    """A grid put over what stands at the top."""
    fixes, mine = nested(section.fixed), _axes(section, path)
    changed = Overlaps([*flat(fixes), *(key for name, axis in mine.items() for key in leaves(name, axis.values))])
    gone = {name for name, raw in section.vary.items() if raw is None}
    axes = {
        name: mine.get(name, axis)
        for name, axis in top.items()
        if name in mine or not (name in gone or any(map(changed.of, leaves(name, axis.values))))
    }
    varied = Overlaps(key for name, axis in mine.items() for key in leaves(name, axis.values))
    fixed = nested(file.fixed)
    for key in flat(fixed):
        if varied.of(key):
            drop(fixed, key)
    for key, value in fixes.items():
        put(fixed, key, value)
    return _grid(fixed, axes | mine, file, section, path)


def _grid(fixed: Settings, axes: dict[str, Axis], file: File, section: GridSections | None, path: Path) -> Grid:
    """A grid with these settings and axes, and with the rules of the file and of its own section."""
    together, when, exclude = _zip(file, ()), _when(file, ()), _exclude(file, ())
    if section is not None:
        together += _zip(section, path)
        when |= _when(section, path)
        exclude += _exclude(section, path)
    there = [group for group in together if any(name in axes for name in group.axes)]
    return Grid(path, fixed, axes, there, {name: when[name] for name in when if name in axes}, exclude)


def _axes(section: GridSections, path: Path) -> dict[str, Axis]:
    given = {name: raw for name, raw in section.vary.items() if raw is not None}
    return {name: Axis(values(raw), (*path, "vary", name), raw) for name, raw in given.items()}


def _zip(section: GridSections, path: Path) -> list[Together]:
    return [Together((*path, "zip", i), axes) for i, axes in enumerate(section.zip)]


def _when(section: GridSections, path: Path) -> dict[str, Condition]:
    return {axis: Condition((*path, "when", axis), settings) for axis, settings in section.when.items()}


def _exclude(section: GridSections, path: Path) -> list[Condition]:
    return [Condition((*path, "exclude", i), settings) for i, settings in enumerate(section.exclude)]
