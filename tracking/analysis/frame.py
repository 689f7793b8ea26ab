"""What curves and claims read: the trials of a sweep with settings and outcomes, and their rows, a part at a time.

pandas is imported where tables are made: `sweep status` and `sweep plan` make none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracking.analysis.batches import batches
from tracking.analysis.statistics.intervals import Bounds
from tracking.analysis.values import CLASSES, Nested, absent, frozen, matching
from tracking.records.rows import SCHEMA, coded

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
WORDS = ("trial", "split", "measure", "layer")
UNFINISHED = frozenset({"missing", "running", "interrupted"})  # the states of trials that have not ended
NOTHING = {"state": "missing", "step": -1, "reason": "", "digest": ""}  # the outcome of a trial without a record
COLUMNS = SCHEMA.names

Places = NDArray[np.int64]


class Planned(NamedTuple):
    """A trial as the sweep asks for it: `settings` is flat ({"net.width": 8}) and includes the seed.

    classes: of the data that it is trained on; 0 where there are none, or not known before the data are loaded.
    """

    id: str
    cell: str
    seed: int
    settings: Mapping[str, object]
    classes: int = 0


class Source(NamedTuple):
    """Where rows are: `parts` names what holds those of a trial, those of one measure in one of them; `read` reads a
    part: columns as in `tracking.records.rows.SCHEMA`."""

    parts: Mapping[str, tuple[str, ...]]
    read: Callable[[str], pa.Table]


class Line(NamedTuple):
    """Values [T] of one measure on one split and layer: `place` says which line of `Frame.trials` the trial is."""

    place: Places
    step: NDArray[np.int64]
    value: NDArray[np.float64]

    def ordered(self) -> "Line":
        """By place, then step."""
        later = (self.place[1:] > self.place[:-1]) | (
            (self.place[1:] == self.place[:-1]) & (self.step[1:] >= self.step[:-1])
        )
        return self if later.all() else self.where(np.lexsort((self.step, self.place)))

    def where(self, keep: Any) -> "Line":
        """The values of a mask, or of indices."""
        return Line(self.place[keep], self.step[keep], self.value[keep])


class Each(Protocol):
    """Reduces every batch of trials; yields the results in their order, and raises what a reduction raises."""

    def __call__(self, reduction: "Callable[[Frame], T]", batches: "Iterable[Frame]") -> Iterator[T]: ...


def in_turn(reduction: "Callable[[Frame], T]", batches: "Iterable[Frame]") -> Iterator[T]:
    """Reduces one batch after the other, in this process."""
    return map(reduction, batches)


@dataclass(frozen=True)
class Frame:
    """What is known of a sweep.

    trials: one line per planned trial, index = trial id; columns cell, seed, classes_of_data, state ("finished",
        "diverged", "failed", "cancelled", "running", "interrupted" where no launch works on a trial that was begun, or
        "missing" when nothing is recorded), step (last recorded, -1 when none), reason, digest (of the data), then one
        column per flat setting, with values as in `tracking.analysis.values`. A setting that is a mapping in some
        trials and not in others has a column of its own beside those of its keys.
    source: their committed rows, which may be more than fit into memory: nothing reads them all but `rows`.
    parents: the settings that decide whether others exist (those that a sweep's `when` names as conditions).
    each: how batches of trials are reduced.
    bounds: between which numbers the values of measures lie, of those that say it.
    """

    trials: "pd.DataFrame"
    source: Source
    parents: frozenset[str] = frozenset()
    each: Each = in_turn
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    def having(self, trials: "pd.DataFrame") -> "Frame":
        """The same rows for other lines of `trials`."""
        return replace(self, trials=trials)

    def reduced(self, reduction: "Callable[[Frame], T]") -> Iterator[T]:
        """What a function makes of each batch of these trials, in their order."""
        return self.each(reduction, self.batches("cell"))

    def batches(self, by: str) -> "Iterator[Frame]":
        """The trials in parts, in their order; all of those that agree in a column together."""
        return map(self.having, batches(self.trials, by))

    def only(self, keep: Any) -> "Frame":
        """The trials of a mask or a list of ids."""
        return self.having(self.trials.loc[keep])

    def where(self, conditions: Mapping[str, object]) -> "Frame":
        """Only the trials whose settings equal these values (a list means any of them)."""
        keep = np.ones(len(self.trials), bool)
        for key, value in conditions.items():
            keep &= matching(self.trials[key], value)
        return self if keep.all() else self.only(keep)

    def parts(self) -> Iterator[tuple[Places, pa.Table]]:
        """The rows of these trials, part after part, after the line that each row's trial has in `trials`: -1 for other
        trials, which may be among them. A trial's rows of one measure are all in one part."""
        places = {id: place for place, id in enumerate(self.trials.index.tolist())}
        for part in dict.fromkeys(part for id in places for part in self.source.parts.get(id, ())):
            rows = self.source.read(part)
            ids, which = coded(rows["trial"])
            yield np.array([places.get(id, -1) for id in ids], np.int64)[which], rows

    def lines(self, measure: str) -> Iterator[dict[tuple[str, str], Line]]:
        """One measure of these trials, part after part, by split and layer in the order of the rows."""
        for place, rows in self.parts():
            (measures, of), (splits, split), (layers, layer) = map(coded, rows.select(["measure", "split", "layer"]))
            mine = np.flatnonzero((place >= 0) & (of == measures.index(measure) if measure in measures else False))
            which = split[mine] * len(layers) + layer[mine]
            counts = np.bincount(which, minlength=len(splits) * len(layers))
            parts = sorted((mine[which == one] for one in np.flatnonzero(counts)), key=lambda rows: int(rows[0]))
            step, value = rows["step"].to_numpy(), rows["value"].to_numpy()
            found = {}
            for part in parts:
                line = Line(place[part], step[part], value[part])
                found[splits[split[part[0]]], layers[layer[part[0]]]] = line.ordered()
            yield found

    def known(self, measure: str | None = None) -> list[tuple[str, str, str]]:
        """What is recorded, of one measure or of all: the combinations of measure, split and layer, sorted."""
        found = set[tuple[str, str, str]]().union(*self.reduced(_recorded))
        return sorted(one for one in found if measure in (None, one[0]))

    @property
    def rows(self) -> "pd.DataFrame":
        """All rows at once: trial, step, split, measure, layer, value."""
        import pandas as pd

        mine = (rows.filter(pa.array(place >= 0)).to_pandas() for place, rows in self.parts())
        parts = [rows.astype(dict.fromkeys(WORDS, object)) for rows in mine]
        whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
        kinds = {**dict.fromkeys(WORDS, "category"), "step": "int64", "value": "float64"}
        found: pd.DataFrame = whole.astype(kinds)[COLUMNS]
        return found

    def placed(self, measure: str, split: str = "", layer: str = "") -> "pd.DataFrame":
        """Columns place (line of the trial in `trials`), step, value of one measure, ordered by place and step."""
        lines = [part[split, layer] for part in self.lines(measure) if (split, layer) in part]
        return joined(lines).sort_values(["place", "step"], ignore_index=True)

    def values(self, measure: str, split: str = "", layer: str = "") -> "pd.DataFrame":
        """Columns trial, step, value of one measure, ordered by trial and step."""
        import pandas as pd

        found = self.placed(measure, split, layer)
        trial = pd.Categorical.from_codes(found["place"].to_numpy(), categories=self.trials.index)
        return found.assign(trial=trial)[["trial", "step", "value"]]

    def last(self, measure: str, split: str = "", layer: str = "") -> "pd.Series[float]":
        """The value at each trial's last recorded step, indexed by trial id. Trials without any are absent."""
        found: pd.Series[float] = self.values(measure, split, layer).groupby("trial", observed=True)["value"].last()
        return found


def _recorded(frame: Frame) -> set[tuple[str, str, str]]:
    """The combinations of measure, split and layer among the rows of these trials."""
    found: set[tuple[str, str, str]] = set()
    for place, rows in frame.parts():
        words = [coded(rows[name]) for name in ("measure", "split", "layer")]
        mine = np.unique(np.stack([number[place >= 0] for _, number in words]), axis=1).T.tolist()
        found |= {(words[0][0][a], words[1][0][b], words[2][0][c]) for a, b, c in mine}
    return found


def joined(lines: "list[Line]") -> "pd.DataFrame":
    """Columns place, step, value of these lines, one after the other."""
    import pandas as pd

    kinds = {"place": np.int64, "step": np.int64, "value": np.float64}
    columns = zip(*lines, strict=True) if lines else [()] * len(kinds)
    parts = zip(kinds.items(), columns, strict=True)
    return pd.DataFrame({name: np.concatenate([np.empty(0, kind), *column]) for (name, kind), column in parts})


def in_memory(rows: "pd.DataFrame") -> Source:
    """Rows that are in memory already, as one part."""
    whole = as_table(rows)
    return Source(dict.fromkeys(coded(whole["trial"])[0], ("",)), lambda part: whole)


def as_table(rows: "pd.DataFrame") -> pa.Table:
    """Rows as `Source.read` returns them."""
    plain = rows[COLUMNS].astype({**dict.fromkeys(WORDS, object), "step": "int64", "value": "float64"})
    columns = {name: pa.array(plain[name], pa.string()).dictionary_encode() for name in WORDS}
    return pa.table({**{name: pa.array(plain[name]) for name in ("step", "value")}, **columns}).select(COLUMNS)


def frame(
    planned: Iterable[Planned],
    outcomes: Mapping[str, Mapping[str, object]],
    source: Source,
    parents: Iterable[str] = (),
    each: Each = in_turn,
    bounds: Mapping[str, Bounds] | None = None,
) -> Frame:
    """Joins what was planned with what is recorded. `outcomes[id]` holds state, step, reason, digest."""
    import pandas as pd

    whole = [*planned]
    ids = [trial.id for trial in whole]
    index = pd.Index(ids)  # one for all columns: made of 10^5 texts, it takes as long as a column
    known = [outcomes.get(id, NOTHING) for id in ids]
    about: dict[str, list[object]] = {
        "cell": [trial.cell for trial in whole],
        "seed": [trial.seed for trial in whole],
        CLASSES: [trial.classes for trial in whole],
        **{name: [outcome[name] for outcome in known] for name in NOTHING},
    }
    columns = {name: _series(values).set_axis(index) for name, values in about.items()}
    trials = pd.DataFrame({**columns, **_settings(whole, index)}, index=index)
    return Frame(trials, source, frozenset(parents), each, bounds or {})


def _settings(planned: Sequence[Planned], index: "pd.Index[Any]") -> "dict[str, pd.Series[Any]]":
    """A column for each setting. Mappings of settings that are one object, as those of all seeds of a cell are, are
    looked at once."""
    places: dict[int, int] = {}
    which = np.array([places.setdefault(id(trial.settings), len(places)) for trial in planned], np.int64)
    distinct = {id(trial.settings): trial.settings for trial in planned}.values()
    names = dict.fromkeys(name for settings in distinct for name in settings)
    columns: dict[str, list[object]] = {
        name: [frozen(settings[name]) if name in settings else np.nan for settings in distinct] for name in names
    }
    _fill_mappings(columns)
    return {name: _series(values).take(which).set_axis(index) for name, values in columns.items()}


def _fill_mappings(columns: dict[str, list[object]]) -> None:
    """Writes the mapping where a setting is one in some trials and not in others: `until`, from `until.measure`, ..."""
    for name, column in columns.items():
        below = [key for key in columns if key.startswith(f"{name}.")]
        for place in (i for i, value in enumerate(column) if below and absent(value)):
            items = sorted((key.removeprefix(f"{name}."), columns[key][place]) for key in below)
            if there := tuple((key, value) for key, value in items if not absent(value)):
                column[place] = Nested(there)


def _series(values: list[object]) -> "pd.Series[Any]":
    """Values of one kind as pandas keeps them, any others as they are: None would become NaN beside numbers."""
    import pandas as pd

    kinds = set(map(type, values))
    plain = any(kinds <= kind for kind in ({int, float}, {bool}, {str}))
    return pd.Series(values) if plain else pd.Series(values, dtype=object)
