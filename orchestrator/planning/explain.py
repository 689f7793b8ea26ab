"""Why trials are missing although much is recorded: which recorded trials differ from them in one thing only."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracking.common.flatten import flat
from tracking.common.text import count_of
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import ENDED, TrialRecord
from workers.trial import SCHEMA_VERSION, Trial, canonical

MOST_CELLS = 2000  # recorded cells that are compared: each takes about a millisecond
SHOWN = 3
SOURCES = "sources"  # stands for the user's files among the keys of settings


class Change(NamedTuple):
    """One thing in which a recorded trial differs from a missing one. before, now: of a setting, as JSON."""

    key: str
    before: str = ""
    now: str = ""


@dataclass(frozen=True)
class Cell:
    """What determines the training of the trials of a cell: a value for each dotted key, and their seeds."""

    values: dict[str, str]
    sources: dict[str, str]
    seeds: frozenset[int]

    @staticmethod
    def of(trial: Trial, seeds: Iterable[int], sources: Iterable[tuple[str, str]]) -> "Cell":
        left_out = {"seed", *trial.settings.not_identifying()}
        plain = {key: value for key, value in trial.plain.items() if key not in left_out}
        used = dict(sources)
        values = {key: canonical(value) for key, value in flat(plain).items()}
        return Cell({**values, SOURCES: canonical(used)}, used, frozenset(seeds))

    def without_one(self) -> Iterator[tuple[str, int]]:
        """Each key, with a hash of all others and their values."""
        hashes = {key: hash(item) for key, item in zip(self.values, self.values.items(), strict=True)}
        whole = 0
        for one in hashes.values():
            whole ^= one
        for key, one in hashes.items():
            yield key, hash((key, whole ^ one))


def explain(trials: Sequence[Trial], ledger: Ledger) -> list[str]:
    """One sentence for each thing in which recorded trials that are not of this sweep differ from missing ones, those
    of most trials first."""
    asked, recorded = {t.id for t in trials}, ledger.trials
    missing = list(_missing(t for t in trials if t.id not in recorded))
    if not missing:
        return []
    counts = Counter[Change]()
    others = _index(_others(trials[0], asked, ledger))
    for cell in missing:
        for key, rest in cell.without_one():
            for other in others.get(rest, ()):
                if other.values[key] != cell.values[key]:
                    counts[_change(key, other, cell)] += len(cell.seeds & other.seeds)
    return [_sentence(change, n) for change, n in counts.most_common(SHOWN) if n]


def _missing(trials: Iterable[Trial]) -> Iterator[Cell]:
    cells: dict[str, list[Trial]] = {}
    for trial in trials:
        cells.setdefault(trial.cell, []).append(trial)
    return (Cell.of(of[0], (t.seed for t in of), of[0].sources) for of in cells.values())


def _others(like: Trial, asked: set[str], ledger: Ledger) -> Iterator[Cell]:
    """The recorded cells of the same experiment, without the trials that are asked for."""
    cells: dict[str, list[TrialRecord]] = {}
    for one in ledger.records.values():
        counts = one.schema == SCHEMA_VERSION and one.state in ENDED and one.experiment == like.experiment
        if counts and one.id not in asked:
            cells.setdefault(one.cell, []).append(one)
    for of in [*cells.values()][:MOST_CELLS]:
        seeds = (int(str(one.settings["seed"])) for one in of)
        try:
            yield Cell.of(Trial.of(like.experiment, of[0].settings, like.files), seeds, of[0].trained_with)
        except ValueError:  # settings that are not known any more, as of a net that was edited or has gone
            continue


def _index(cells: Iterable[Cell]) -> dict[int, list[Cell]]:
    found: dict[int, list[Cell]] = {}
    for cell in cells:
        for _, rest in cell.without_one():
            found.setdefault(rest, []).append(cell)
    return found


def _change(key: str, before: Cell, now: Cell) -> Change:
    if key != SOURCES:
        return Change(key, before.values[key], now.values[key])
    names = before.sources.keys() | now.sources.keys()
    edited = sorted(name for name in names if before.sources.get(name) != now.sources.get(name))
    return Change(" and ".join(edited))


def _sentence(change: Change, number: int) -> str:
    trials = count_of(number, "recorded trial differs", "recorded trials differ")
    how = f" ({change.before} -> {change.now})" if change.before else ", edited since"
    return f"{trials} only in {change.key}{how}"
