"""Which of several records of one trial counts for each measure.

A measure that is added to a sweep later is recorded in a bundle of its own, beside the one that the trial was trained
in. For each trial and measure the rows of one bundle count, so that none is read twice.
"""

from collections.abc import Iterable, Mapping

from tracking.records.manifests.manifest import Beside, Manifest

RESULTS = ("finished", "diverged")


def joined(manifests: Mapping[str, Manifest], winners: Mapping[str, tuple[str, int]]) -> dict[str, tuple[Beside, ...]]:
    """By trial, what counts in other bundles than the one in `winners`; only trials of which something does."""
    found: dict[str, tuple[Beside, ...]] = {}
    for id, bundles in _several(manifests.values()).items():
        winner = winners[id][0]
        by_bundle: dict[str, set[str]] = {}
        for measure in {name for bundle in bundles for name in _names(manifests[bundle])}:
            counting = _counting([manifests[b] for b in bundles if measure in _names(manifests[b])], measure)
            if counting.bundle != winner:
                by_bundle.setdefault(counting.bundle, set()).add(measure)
        if by_bundle:
            found[id] = tuple(_beside(manifests[bundle], by_bundle[bundle]) for bundle in sorted(by_bundle))
    return found


def _beside(manifest: Manifest, measures: set[str]) -> Beside:
    assert manifest.observed
    return Beside(manifest.bundle, tuple(sorted(measures)), manifest.observed)


def _several(manifests: Iterable[Manifest]) -> dict[str, list[str]]:
    """The trials with a result in more than one bundle that says what it measured, and these bundles."""
    found: dict[str, list[str]] = {}
    for manifest in manifests:
        if manifest.observed:
            for trial in manifest.trials:
                if trial.state in RESULTS:
                    found.setdefault(trial.id, []).append(manifest.bundle)
    return {id: bundles for id, bundles in found.items() if len(bundles) > 1}


def _names(manifest: Manifest) -> dict[str, str]:
    return dict(manifest.observed.measures) if manifest.observed else {}


def _counting(manifests: list[Manifest], measure: str) -> Manifest:
    """The one that counts: of the measure's source that was used last, the one with the most steps; then the one that
    was begun first."""
    last = max(manifests, key=lambda m: (_last_ms(m), m.bundle))
    same = [m for m in manifests if _names(m)[measure] == _names(last)[measure]]
    return min(same, key=lambda m: (-_steps(m, measure), m.started_ms, m.bundle))


def _last_ms(manifest: Manifest) -> int:
    return manifest.clock[-1][1] if manifest.clock else 0


def _steps(manifest: Manifest, measure: str) -> int:
    return manifest.observed.count(measure, manifest.step) if manifest.observed else 0
