"""Draws everything that a sweep asks for: each figure by itself, so that one which cannot be drawn costs only itself.

What went wrong with a figure is a value, beside those that were drawn. A damaged store or an interruption is about all
of them and is raised.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tracking.analysis.aggregate import several
from tracking.analysis.heat import Heat, heat
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.analysis.values import text
from tracking.common.errors import Refused, SweepError
from tracking.common.whole_files import replacing
from tracking.plotting import save
from tracking.plotting.kinds import curve_figure, heatmaps, panels, surfaces
from tracking.plotting.kinds.panels import Panel, Part
from tracking.plotting.kinds.surfaces import Surface
from tracking.plotting.style.labels import Caption
from tracking.records import layout

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tracking.analysis.frame import Frame

LOG = logging.getLogger(__name__)
T = TypeVar("T")

Captions = Callable[[Mapping[str, object]], Caption]
Makers = Mapping[str, "Callable[[], Figure]"]  # of figures, by their names


@dataclass(frozen=True)
class NotDrawn:
    """A curve, heat map, panel or surface that could not be drawn, or a table or page that could not be written, and
    why. storage: whether the disk is the reason."""

    name: str
    reason: str
    storage: bool = False

    @staticmethod
    def by(name: str, error: OSError) -> "NotDrawn":
        """What a disk refused to take."""
        return NotDrawn(name, " ".join(filter(None, (error.strerror or str(error), error.filename))), storage=True)


Points = Mapping[str, Part | NotDrawn]
Heats = Mapping[str, Heat | NotDrawn]


@dataclass(frozen=True)
class Figures:
    """What was drawn of a sweep.

    files: of each figure its name and the paths of its files: png, svg, pdf, and, where they could be written, the
        points of all curves as parquet, csv.
    table: the points of all curves and the cells of all heat maps that could be aggregated.
    failed: the figures that are not among `files`.
    contents: by the names of those that are, what the curves and heat maps show, and what they say of their sweep.
    pages: the same of the panels.
    """

    files: tuple[dict[str, str], ...]
    table: "pd.DataFrame"
    failed: tuple[NotDrawn, ...]
    contents: "Mapping[str, tuple[Part | Heat, Caption]]" = field(default_factory=dict)
    pages: "Mapping[str, tuple[Panel, Caption]]" = field(default_factory=dict)


def points(frame: "Frame", curves: Iterable[Curve], varied: list[str]) -> Points:
    """Every curve by its name: its points, or why it has none. `varied`: the settings that differ between trials.

    Raises Damaged and StorageFailed where rows cannot be read.
    """
    whole = [*curves]
    read = zip(whole, several(frame, whole, varied), strict=True)
    return {curve.name: _attempt(curve.name, partial(_part, curve, found)) for curve, found in read}


def cells(frame: "Frame", heatmaps: Iterable[Heatmap], varied: list[str]) -> Heats:
    """Every heat map by its name: its cells, or why it has none. Raises as `points` does."""
    return {h.name: _attempt(h.name, partial(heat, frame, h, varied)) for h in heatmaps}


class Asked(NamedTuple):
    """What a sweep asks to be drawn. captions: what a figure of the trials with some settings says. more: what else
    makes figures, by their names."""

    curves: Points
    heats: Heats
    pages: Sequence[Panel]
    heights: Iterable[Surface]
    frame: "Frame"
    captions: Captions
    more: "Makers" = MappingProxyType({})


def draw(asked: Asked, folder: Path) -> Figures:
    """Writes the points of all curves and the cells of all heat maps as Parquet and CSV, and each figure as PNG, SVG
    and PDF. Raises Damaged and StorageFailed where rows cannot be read."""
    asked = asked._replace(captions=_said_once(asked.captions))
    curves, heats, captions = asked.curves, asked.heats, asked.captions
    all_of_them = (*curves.values(), *heats.values())
    saved: list[dict[str, str] | NotDrawn] = [part for part in all_of_them if isinstance(part, NotDrawn)]
    figures = makers(asked)
    saved += [save_one(name, make, folder) for name, make in figures.items()]
    whole = table([part.table for part in all_of_them if not isinstance(part, NotDrawn)])
    beside = _attempt(layout.CURVES_CSV, partial(write_table, whole, folder))
    if isinstance(beside, NotDrawn):
        saved, beside = [*saved, beside], {}
    files = tuple({**one, **beside} for one in saved if isinstance(one, dict))
    drawn = {name: one for name, one in (*curves.items(), *heats.items()) if not isinstance(one, NotDrawn)}
    contents = {name: (drawn[name], captions(_where(drawn[name]))) for one in files if (name := one["name"]) in drawn}
    names = {one["name"] for one in files}
    pages = {page.name: (page, captions({})) for page in asked.pages if page.name in names}
    return Figures(files, whole, tuple(one for one in saved if isinstance(one, NotDrawn)), contents, pages)


def makers(asked: Asked) -> "Makers":
    """What makes each figure, by its name, in the order curves, heat maps, panels, surfaces, more."""
    curves, heats, pages, heights, frame, captions, more = asked
    good = {name: part for name, part in curves.items() if isinstance(part, Part)}
    warm = {name: found for name, found in heats.items() if isinstance(found, Heat)}
    return {
        **{name: partial(_curve, part, captions) for name, part in good.items()},
        **{name: partial(_heatmap, found, captions) for name, found in warm.items()},
        **{page.name: partial(_page, page, good, captions) for page in pages},
        **{one.name: partial(_surface, one, frame, captions) for one in heights},
        **more,
    }


def save_one(name: str, make: "Callable[[], Figure]", folder: Path) -> dict[str, str] | NotDrawn:
    """The name and the files of a figure, or why there are none."""
    files = _attempt(name, partial(save.save, make, folder, name))
    return files if isinstance(files, NotDrawn) else {"name": name, **files}


def _attempt(name: str, make: Callable[[], T]) -> T | NotDrawn:
    """What `make` returns, or why it could not."""
    try:
        return make()
    except Refused as refusal:
        return NotDrawn(name, str(refusal))
    except (SweepError, MemoryError):
        raise
    except OSError as error:
        return NotDrawn.by(name, error)
    except Exception as error:
        LOG.exception("figure '%s' could not be drawn", name)
        return NotDrawn(name, f"{type(error).__name__}: {error}")


def _part(curve: Curve, found: "tuple[pd.DataFrame, pd.DataFrame] | Exception") -> Part:
    if isinstance(found, Exception):
        raise found
    return Part(curve, *found)


def _curve(part: Part, captions: Captions) -> "Figure":
    return curve_figure.figure(*part, captions(part.curve.where))


def _heatmap(found: Heat, captions: Captions) -> "Figure":
    return heatmaps.figure(found, captions(found.heatmap.where))


def _where(drawn: Part | Heat) -> Mapping[str, object]:
    return drawn.curve.where if isinstance(drawn, Part) else drawn.heatmap.where


def _said_once(captions: Captions) -> Captions:
    """The same captions, each made once: of many trials it takes seconds."""
    said: dict[str, Caption] = {}

    def caption(where: Mapping[str, object]) -> Caption:
        key = repr(sorted(where.items()))
        if key not in said:
            said[key] = captions(where)
        return said[key]

    return caption


def _page(page: Panel, parts: Mapping[str, Part], captions: Captions) -> "Figure":
    for name in page.curves:
        if name not in parts:
            raise Refused(f"panel '{page.name}': its curve '{name}' could not be drawn")
    return panels.figure(page, [parts[name] for name in page.curves], captions({}))


def _surface(surface: Surface, frame: "Frame", captions: Captions) -> "Figure":
    found = surfaces.sheets(frame, surface)
    why = "" if found else surfaces.why_none(frame, surface)
    return surfaces.figure(surface, found, captions(surface.where), why)


def points_of(curves: Points) -> "pd.DataFrame":
    """The points of all curves that have some, as `table` puts them together."""
    return table([part.table for part in curves.values() if isinstance(part, Part)])


def table(tables: "list[pd.DataFrame]") -> "pd.DataFrame":
    """The points of several curves; a setting that is a text in one and a number in another is a text in
    all."""
    import pandas as pd

    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    mixed = [c for c in whole.columns if whole[c].dropna().map(type).nunique() > 1]
    return whole.assign(**{c: whole[c].map(text, na_action="ignore") for c in mixed})


def write_table(whole: "pd.DataFrame", folder: Path) -> dict[str, str]:
    """Writes the points of all curves as Parquet and as text; returns the paths as {"parquet", "csv"}."""
    paths = {"parquet": folder / layout.CURVES_PARQUET, "csv": folder / layout.CURVES_CSV}
    with replacing(*paths.values()) as (parquet, csv):
        whole.to_parquet(parquet)
        whole.to_csv(csv, index=False)
    return {kind: str(path) for kind, path in paths.items()}
