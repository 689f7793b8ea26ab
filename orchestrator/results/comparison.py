"""Compares the results of several sweeps: the curves that all have, their verdicts, and what differs in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.planning.consistency import codes
from orchestrator.results.build import Results
from orchestrator.spec.expand import varied
from tracking.analysis import compare as analysis
from tracking.analysis.aggregate import both
from tracking.analysis.compare import Compared, Side
from tracking.analysis.grouping import settings
from tracking.analysis.values import codes as different
from tracking.analysis.values import text
from tracking.common.errors import Refused
from tracking.common.text import count_of
from tracking.records.store import Store
from tracking.verdicts.finding import Verdict

if TYPE_CHECKING:
    from tracking.analysis.specs.curve_spec import Curve

MOST_VALUES = 4  # of a setting that are said
UNLIKE = ("seed", "measure")  # settings whose values do not tell what was trained


class Labelled(NamedTuple):
    """The results of one sweep, what it is called beside the others, and the store of its records."""

    label: str
    results: Results
    store: Store


@dataclass(frozen=True)
class CurveOfAll:
    """One curve of all sweeps: what it shows, its points by sweep, and the differences."""

    curve: "Curve"
    sides: tuple[Side, ...]
    group: tuple[str, ...]
    compared: Compared


@dataclass(frozen=True)
class Comparison:
    """What came of comparing sweeps; the first is what the others are compared with.

    settings: what differs, by setting, in the order of the sweeps. verdicts: of each claim, by its name; None where a
    sweep does not have it. codes: which version of the code computed the trials of each. notes: what could not be
    compared, in sentences.
    """

    sweeps: tuple[Labelled, ...]
    curves: tuple[CurveOfAll, ...]
    settings: Mapping[str, tuple[str, ...]]
    verdicts: Mapping[str, tuple[Verdict | None, ...]]
    codes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What the sweeps are called."""
        return tuple(one.label for one in self.sweeps)

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "sweeps": [*self.labels],
            "settings": {name: self._by_label(values) for name, values in self.settings.items()},
            "code": self._by_label(self.codes),
            "curves": [
                {"name": one.curve.name, "differences": one.compared.plain(), "notes": [*one.compared.notes]}
                for one in self.curves
            ],
            "claims": [
                {"name": name, "verdicts": self._by_label([v.verdict if v else None for v in found])}
                for name, found in self.verdicts.items()
            ],
            "notes": [*self.notes],
        }

    def _by_label(self, values: Sequence[object]) -> dict[str, object]:
        return dict(zip(self.labels, values, strict=True))


def compare(sweeps: Sequence[Labelled]) -> Comparison:
    """Compares at least two sweeps. Raises Refused where they have no curve in common, Damaged."""
    notes: list[str] = []
    curves = [found for name in _names(sweeps) if (found := _curve(name, sweeps, notes))]
    if not curves:
        has = "; ".join(f"{one.label} has {', '.join(_of(one)) or 'none'}" for one in sweeps)
        raise Refused("; ".join([f"the sweeps have no curve in common that can be compared: {has}", *notes]))
    return Comparison(
        tuple(sweeps), tuple(curves), _settings(sweeps), _verdicts(sweeps),
        tuple(", ".join(codes(one.results.records.values())) or "nothing recorded" for one in sweeps), tuple(notes),
    )  # fmt: skip


def _of(one: Labelled) -> list[str]:
    return [curve.name for curve in one.results.sweep.curves]


def _names(sweeps: Sequence[Labelled]) -> list[str]:
    """The curves that any of the sweeps has, in their order."""
    return list(dict.fromkeys(name for one in sweeps for name in _of(one)))


def _curve(name: str, sweeps: Sequence[Labelled], notes: list[str]) -> CurveOfAll | None:
    """One curve of all of them; None, and a note, where it is not the same in all, or cannot be aggregated."""
    found = [next((c for c in one.results.sweep.curves if c.name == name), None) for one in sweeps]
    curves = [curve for curve in found if curve is not None]
    if len(curves) < len(sweeps):
        lacking = [one.label for one, curve in zip(sweeps, found, strict=True) if curve is None]
        notes.append(f"curve '{name}' is not in {' and '.join(lacking)}")
        return None
    shown = [f"{curve.y} against {curve.x}" for curve in curves]
    if len(set(shown)) > 1:
        each = "; ".join(f"{what} in {one.label}" for what, one in zip(shown, sweeps, strict=True))
        notes.append(f"curve '{name}' shows different things: {each}")
        return None
    try:
        frames = [one.results.frame for one in sweeps]
        varying = [varied(one.results.sweep) for one in sweeps]
        group = analysis.lines_by(frames, curves, varying)
        sides = tuple(
            Side(
                one.label,
                *both(frame, analysis.grouped(curve, frame, group), vary, few=False),
                one.store.root,
                frame.bounds,
            )
            for one, frame, curve, vary in zip(sweeps, frames, curves, varying, strict=True)
        )
    except Refused as refusal:
        notes.append(f"curve '{name}' cannot be compared: {refusal}")
        return None
    return CurveOfAll(curves[0], sides, group, analysis.compare(curves[0], sides, group))


def _settings(sweeps: Sequence[Labelled]) -> dict[str, tuple[str, ...]]:
    """The settings whose values are not the same in all sweeps, with their values in each."""
    frames = [one.results.frame for one in sweeps]
    names = dict.fromkeys(name for frame in frames for name in settings(frame) if name not in UNLIKE)
    found = {}
    for name in names:
        values = [[text(v) for v in different(f.trials[name])[1]] if name in f.trials else ["none"] for f in frames]
        if len({frozenset(one) for one in values}) > 1:
            found[name] = tuple(_few(one) for one in values)
    return found


def _few(values: Sequence[str]) -> str:
    more = f", ... ({count_of(len(values), 'value')})" if len(values) > MOST_VALUES else ""
    return ", ".join(values[:MOST_VALUES]) + more


def _verdicts(sweeps: Sequence[Labelled]) -> dict[str, tuple[Verdict | None, ...]]:
    """The verdicts on each claim; of claims with one name, the first of each sweep belong together, and so on."""
    named = [dict(_numbered(one.results.verdicts)) for one in sweeps]
    return {name: tuple(one.get(name) for one in named) for name in dict.fromkeys(n for one in named for n in one)}


def _numbered(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Verdict]]:
    seen: dict[str, int] = {}
    for verdict in verdicts:
        name = f"{verdict.label} {verdict.name}".strip()
        seen[name] = number = seen.get(name, 0) + 1
        yield (f"{name} ({number})" if number > 1 else name), verdict
