"""When a sweep was computed, for how long, on what and by what, from the provenance of its records."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from tracking.common.flatten import flat
from tracking.common.text import duration
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.provenance import Provenance

Origin = tuple[tuple[str, str], ...]
NOT_ORIGIN = ("spent", "host")  # differ with every bundle
SHOWN_VERSIONS = ("sweep", "python", "torch", "numpy", "ray")


def facts(recorded: Iterable[TrialRecord]) -> list[tuple[str, str]]:
    """What a reader asks first, as names and texts; empty where nothing is recorded. Hosts are left out: a report is
    handed on."""
    bundles = {record.bundle: record for record in recorded}.values()
    spans = [(r.started_ms, r.clock[-1][1]) for r in bundles if r.clock]
    if not spans:
        return []
    by = {p for r in bundles for p in r.provenances}
    spent = [p.spent for r in bundles for p in r.provenances if p.spent]
    training, evaluation = (sum(getattr(s, what) for s in spent) for what in ("training", "evaluation"))
    known = {
        "Computed": _days(min(start for start, _ in spans), max(end for _, end in spans)),
        "Wall time": f"{duration(at_work(spans))}, while at least one trial was trained or measured",
        "Device time": f"{training + evaluation:,.0f} s ({training:,.0f} s training, {evaluation:,.0f} s evaluation)"
        if spent
        else "",
        "Hardware": ", ".join(sorted({p.device for p in by if p.device})),
        "Engine": ", ".join(sorted({p.engine for p in by if p.engine})),
        "Data": ", ".join(sorted({p.data.title or p.data.digest for p in by if p.data})),
        "Code": ", ".join(sorted({p.code.name for p in by if p.code and p.code.name})),
        "Versions": _versions(by),
    }
    return [(name, text) for name, text in known.items() if text]


def at_work(spans: Iterable[tuple[int, int]]) -> float:
    """Seconds that are in at least one of these spans of milliseconds."""
    total, until = 0, 0
    for start, end in sorted(spans):
        total += max(end - max(start, until), 0)
        until = max(until, end)
    return total / 1000


def origins(recorded: Iterable[TrialRecord]) -> list[tuple[int, Origin]]:
    """The different origins of the records, with how many trials each has; not times and hosts, which differ with
    every bundle."""
    found: Counter[Origin] = Counter()
    by = Counter(provenance for record in recorded for provenance in record.provenances)
    for provenance, trials in by.items():
        found[_origin(provenance)] += trials
    return [(trials, origin) for origin, trials in found.most_common()]


def _origin(provenance: Provenance) -> Origin:
    known = flat({k: v for k, v in provenance.plain().items() if k not in NOT_ORIGIN})
    return tuple((name, str(value)) for name, value in known.items())


def _days(first_ms: int, last_ms: int) -> str:
    first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (first_ms, last_ms))
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%-d %B %Y, %H:%M}"
    return f"{first:%-d %B %Y, %H:%M} to {end} UTC"


def _versions(by: Iterable[Provenance]) -> str:
    found: dict[str, set[str]] = {}
    for package, version in (pair for p in by for pair in p.versions or ()):
        found.setdefault(package, set()).add(version)
    return ", ".join(f"{name} {' and '.join(sorted(found[name]))}" for name in SHOWN_VERSIONS if name in found)
