"""What must be true of the sections of a sweep file beyond their form: names exist, axes have values, nothing is given
twice."""

from collections.abc import Collection, Iterator
from itertools import chain

from pydantic import ValidationError

from orchestrator.spec import messages
from orchestrator.spec.dotted_keys import Settings
from orchestrator.spec.file_model import File, GridSections
from orchestrator.spec.grids.axes import Count, form, misspelt, values
from orchestrator.spec.yaml_source import Path, Source, dotted
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from workers.plugins import EXPERIMENTS


def of_trials(source: Source, file: File) -> Iterator[str]:
    """What is wrong with the sections that make the trials."""
    try:
        if file.experiment:
            EXPERIMENTS.known(file.experiment)
    except Refused as error:
        yield source.at(("experiment",), str(error))
    yield from _given_once(source, ("fixed",), file.fixed)
    yield from _axes(source, ("vary",), file.vary)
    everywhere = dict.fromkeys(chain(file.vary, *(grid.vary for grid in file.grids)))
    yield from _names_of_axes(source, (), file, list(everywhere))
    for i, grid in enumerate(file.grids):
        yield from _part(source, ("grids", i), grid, file.vary)
        yield from _names_of_axes(source, ("grids", i), grid, list({**file.vary, **grid.vary}))


def of_profiles(source: Source, file: File) -> Iterator[str]:
    """What is wrong with profiles, chosen or not."""
    for name, sections in file.profiles.items():
        yield from _part(source, ("profiles", name), sections, file.vary)
        for i, grid in enumerate(sections.grids):
            yield from _part(source, ("profiles", name, "grids", i), grid, file.vary | sections.vary)


def _axes(source: Source, section: Path, vary: Settings) -> Iterator[str]:
    """What is wrong with the form of the axes of a section."""
    for key, raw in vary.items():
        path = (*section, key)
        if near := misspelt(raw):
            yield source.at((*path, near[0]), f"unknown key '{near[0]}', did you mean '{near[1]}'?")
            continue
        try:
            values(raw)
        except ValidationError as error:
            model = (form(raw) if isinstance(raw, dict) else None) or Count
            for inner, _, message in messages.explain(error, model):
                yield source.at((*path, *inner), message)
        except ValueError as error:
            seeds = f"; seeds 0 to {raw - 1} are {{count: {raw}}}" if key == "seed" and type(raw) is int else ""
            yield source.at(path, f"{error}{seeds}")


def _part(source: Source, path: Path, sections: GridSections, vary: Settings) -> Iterator[str]:
    """What is wrong with a profile or a grid, which changes the axes `vary` of the file."""
    yield from _given_once(source, (*path, "fixed"), sections.fixed)
    for key, raw in sections.vary.items():
        if raw is None and key not in vary:
            what = f"{unknown('axis', key, list(vary))}; null takes an axis of the file away"
            yield source.at((*path, "vary", key), what)
    yield from _axes(source, (*path, "vary"), {k: raw for k, raw in sections.vary.items() if raw is not None})


def _names_of_axes(source: Source, at: Path, section: GridSections, known: list[str]) -> Iterator[str]:
    """Names of axes in `zip` and `when`."""
    there = set(known)
    first: dict[str, Path] = {}
    for i, group in enumerate(section.zip):
        for j, name in enumerate(group):
            path = (*at, "zip", i, j)
            if name not in there:
                yield source.at(path, unknown("axis", name, known or ["(none)"]))
            elif first.setdefault(name, path) != path:
                yield source.at(path, f"'{name}' is named twice, but an axis moves with one group only; drop one")
        if len(group) < 2:
            what = f"needs at least two axes to move together, got {messages.given([*group])}"
            yield source.at((*at, "zip", i), what)
    for name in section.when:
        if name not in there:
            yield source.at((*at, "when", name), unknown("axis", name, known or ["(none)"]))


def drawn_once(source: Source, file: File) -> Iterator[str]:
    """Curves, heat maps, panels, surfaces and claim plots are files of one folder."""
    first: dict[str, Path] = {}
    drawn = {("curves", i): curve.name for i, curve in enumerate(file.curves)}
    drawn |= {("heatmaps", i): heatmap.name for i, heatmap in enumerate(file.heatmaps)}
    drawn |= {("panels", i): panel.name for i, panel in enumerate(file.panels)}
    drawn |= {("surfaces", i): surface.name for i, surface in enumerate(file.surfaces)}
    drawn |= {("claim_plots", i): plot.name for i, plot in enumerate(file.claim_plots)}
    for path, name in drawn.items():
        if first.setdefault(name, path) != path:
            what = f"'{name}' is also the name of what is drawn at {source.place(first[name])}; choose another"
            yield source.at((*path, "name"), what)


def plotted_claims(source: Source, file: File, without: Collection[Path]) -> Iterator[str]:
    """A claim plot shows claims of the file. without: the paths of what was left out of it, since its form is wrong."""
    if any(path[:1] == ("claims",) for path in without):
        return
    known = sorted({claim.name for claim in file.claims})
    for i, plot in enumerate(file.claim_plots):
        if plot.claim not in known:
            yield source.at(("claim_plots", i, "claim"), unknown("claim", plot.claim, known or ["(none)"]))


def _given_once(source: Source, section: Path, settings: Settings) -> Iterator[str]:
    """Settings may be nested or have dotted keys, but not both for the same one."""
    leaves: set[Path] = set()
    above: set[Path] = set()
    for path in _leaves(settings, ()):
        key = dotted(path)
        if key in leaves:
            what = f"'{'.'.join(path)}' is given twice, once with dots and once nested; keep one"
            yield source.at((*section, *path), what)
        elif outer := next((key[:n] for n in range(1, len(key)) if key[:n] in leaves), key if key in above else None):
            name = ".".join(map(str, outer))
            what = f"'{name}' is given both as a value and as a mapping; keep one, such as {name}: {{name: ..., ...}}"
            yield source.at((*section, *path), what)
        leaves.add(key)
        above |= {key[:n] for n in range(1, len(key))}


def _leaves(settings: Settings, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield *path, key
