"""The points of trials that MLflow gets: finite, thinned, and with times that are functions of the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.common.flatten import flat
from tracking.mirror.content.curve_runs import Point, metric_key
from tracking.records.manifests.manifest import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

FINAL = frozenset({"finished", "diverged"})  # never trained again; what failed or was cancelled may be
LAYERS = 8  # of a measure that are sent; a chart per layer of a deep net helps nobody, and the records have them all
HEAD, PER_OCTAVE, SPREAD = 16, 4, 32  # see `kept`

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def kept(place: Integers, count: Integers, final: Flags) -> Flags:
    """Which points of series are sent, about fifty of a few hundred.

    place, count, final: of each point its place in its series from 0, how many its series has, whether that is all it
    will ever have, each (n,). While a trial may still go on: the first HEAD, then PER_OCTAVE each time their number
    doubles. This never depends on how many will come, so a point once sent stays right. When no more will come: also
    SPREAD evenly spaced ones and the last.
    """
    stride = 2 ** np.floor(np.log2(np.maximum(place, 1) / PER_OCTAVE)).clip(0).astype(int)
    even = np.ceil(np.maximum(count, 1) / SPREAD).astype(int)
    keep: Flags = (place < HEAD) | (place % stride == 0) | (final & ((place % even == 0) | (place == count - 1)))
    return keep


def stamp(trial: TrialRecord, step: int) -> int:
    """When this step was reached, in milliseconds since 1970: interpolated between the commits around it.

    The records know the time of each commit, not of each step. Steps are spread evenly between the commit before (or
    the trial's start) and their own; the last step of a commit has the commit's time.
    """
    before, since = -1, trial.started_ms
    for last, ms in trial.clock:
        if last >= step:
            share = (max(step, -1) - before) / (last - before) if last > before else 1.0
            return since + round((ms - since) * min(max(share, 0.0), 1.0))
        before, since = last, ms
    return since


def points(
    varied: Sequence[str], trials: Sequence[TrialRecord], rows: "pd.DataFrame", sent: Mapping[str, int]
) -> dict[str, list[Point]]:
    """The points of each trial, by its id, that are not yet in MLflow, when all that were due at step `sent` are.

    varied: the flat settings that differ between the trials of the sweep. rows: of these trials, columns as in
    `records.rows.SCHEMA`. sent: by trial; -1, or none, where it has no point yet. Values that are not finite are left
    out: MLflow turns infinity into 1.8e308 and hides NaN from every filter. The tag `diverged` and the metric
    `diverged_step` say it.
    """
    until = np.array([sent.get(t.id, -1) for t in trials], dtype=np.int64)
    out = {t.id: _own_points(varied, t, int(known)) for t, known in zip(trials, until, strict=True)}
    found = _measured(trials, rows)
    final = np.array([t.state in FINAL for t in trials], dtype=bool)[found.trial]
    later = ~(kept(found.place, found.count, np.zeros_like(final)) & (found.step <= until[found.trial]))
    due = kept(found.place, found.count, final) & later
    keys = [found.keys[i] for i in found.series[due]]
    which, steps, values = found.trial[due], found.step[due].tolist(), found.value[due].tolist()
    for trial, key, value, ms, step in zip(
        which.tolist(), keys, values, _times(trials, which, steps), steps, strict=True
    ):
        out[trials[trial].id].append(Point(key, value, ms, step))
    return out


def _own_points(varied: Sequence[str], trial: TrialRecord, sent: int) -> list[Point]:
    """Those that are not measured: settings, what was spent, the step of a divergence."""
    ms = stamp(trial, trial.step)
    diverged = [Point("diverged_step", trial.step, ms, trial.step)] if trial.state == "diverged" else []
    spent = _spent_points(trial, ms) if trial.state in FINAL else []
    return [*(_setting_points(varied, trial) if sent < 0 else []), *spent, *diverged]


def _setting_points(varied: Sequence[str], trial: TrialRecord) -> list[Point]:
    """The settings that vary and are numbers, as metrics: MLflow sorts params as texts, and takes none as an axis."""
    settings = flat(trial.settings)
    given = {key: settings[key] for key in dict.fromkeys([*varied, "seed"]) if key in settings}
    numbers = {key: v for key, v in given.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    return [Point(metric_key("setting", key, ""), float(v), trial.started_ms, 0) for key, v in numbers.items()]


def _spent_points(trial: TrialRecord, ms: int) -> list[Point]:
    """What its bundle has spent, at the trial's end: seconds of training and of evaluation, visits of examples."""
    spent = trial.provenance.spent
    if spent is None:
        return []
    numbers = {"training_seconds": spent.training, "evaluation_seconds": spent.evaluation, "visits": spent.visits}
    return [Point(metric_key("spent", key, ""), float(value), ms, trial.step) for key, value in numbers.items()]


@dataclass(frozen=True)
class _Measured:
    """Rows by trial, series and step, as columns of n values each: a series is what one metric of a trial holds.

    trial: numbers of the trials. series: numbers of the metrics in `keys`. place, count: see `kept`.
    """

    trial: Integers
    series: Integers
    step: Integers
    value: NDArray[np.float64]
    place: Integers
    count: Integers
    keys: list[str]


class _Column(NamedTuple):
    """A column of texts: (n,) numbers, and the texts that they stand for."""

    codes: Integers
    texts: list[str]

    @staticmethod
    def of(column: "pd.Series[str]") -> "_Column":
        known = column.astype("category").cat
        return _Column(known.codes.to_numpy().astype(np.int64), [str(one) for one in known.categories])


def _measured(trials: Sequence[TrialRecord], rows: "pd.DataFrame") -> _Measured:
    """The finite rows of these trials; of each measure and split the LAYERS layers that are recorded first."""
    number = {t.id: i for i, t in enumerate(trials)}
    ids, measure, split, layer = (_Column.of(rows[name]) for name in ("trial", "measure", "split", "layer"))
    trial = np.array([number.get(id, -1) for id in ids.texts], dtype=np.int64)[ids.codes]
    step, value = rows["step"].to_numpy(dtype=np.int64), rows["value"].to_numpy(dtype=np.float64)
    # What was committed since an unfinished trial was read comes next time, with its own time.
    end = np.array([np.iinfo(np.int64).max if t.state in FINAL else t.step for t in trials], dtype=np.int64)
    shown = np.flatnonzero((trial >= 0) & np.isfinite(value) & (step <= end[trial]))
    charts = measure.codes * len(split.texts) + split.codes  # what the layers of a measure share
    series = charts * len(layer.texts) + layer.codes
    rows_of = shown[np.lexsort((step[shown], series[shown], trial[shown]))]  # stable: of equal steps, as recorded
    first = _starts(trial[rows_of], series[rows_of])
    count = np.diff(np.r_[first, len(rows_of)])
    place = np.arange(len(rows_of)) - np.repeat(first, count)
    begin = rows_of[first]
    few = np.repeat(_first_layers(trial[begin], charts[begin], step[begin], begin), count)
    rows_of, place, count = rows_of[few], place[few], np.repeat(count, count)[few]
    known, numbers = np.unique(series[rows_of], return_inverse=True)
    keys = [_key(int(one), measure.texts, split.texts, layer.texts) for one in known]
    return _Measured(trial[rows_of], numbers, step[rows_of], value[rows_of], place, count, keys)


def _key(series: int, measures: list[str], splits: list[str], layers: list[str]) -> str:
    chart, layer = divmod(series, len(layers))
    measure, split = divmod(chart, len(splits))
    return metric_key(measures[measure], layers[layer], splits[split])


def _starts(*columns: Integers) -> Integers:
    """Where, in sorted rows, at least one of the columns changes."""
    changes = np.zeros(len(columns[0]), dtype=bool)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def _first_layers(trial: Integers, group: Integers, step: Integers, row: Integers) -> Flags:
    """Which series, (n,), are among the first LAYERS of their trial and group by their first step, then by row."""
    order = np.lexsort((row, step, group, trial))
    trial, group = trial[order], group[order]
    first = _starts(trial, group)
    rank = np.arange(len(trial)) - np.repeat(first, np.diff(np.r_[first, len(trial)]))
    out = np.empty(len(trial), dtype=bool)
    out[order] = rank < LAYERS
    return out


def _times(trials: Sequence[TrialRecord], which: Integers, steps: Sequence[int]) -> list[int]:
    """`stamp` of each point; the trials of a bundle mostly share their clock, so that each step is looked up once."""
    known: dict[tuple[int, tuple[tuple[int, int], ...]], dict[int, int]] = {}
    clocks = [known.setdefault((t.started_ms, t.clock), {}) for t in trials]
    out = []
    for trial, step in zip(which.tolist(), steps, strict=True):
        times = clocks[trial]
        if step not in times:
            times[step] = stamp(trials[trial], step)
        out.append(times[step])
    return out


def last(trials: Sequence[TrialRecord], otherwise: int) -> int:
    """When the last of these trials got its last step, in milliseconds since 1970; `otherwise` where there are none."""
    return max((stamp(t, t.step) for t in trials), default=otherwise)
