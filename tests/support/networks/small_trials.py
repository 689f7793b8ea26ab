"""Small trials of everything found in the folders, for tests that hold for all of it."""

from collections.abc import Iterable
from typing import Any

from tracking.records.manifests.manifest import TrialEntry
from workers import plugins
from workers.trial import Trial

NETS: dict[str, list[dict[str, Any]]] = {
    "convnet": [
        {"depth": 3, "width": 6},
        {"depth": 3, "width": 5, "batch_norm": True},
        {"depth": 4, "width": [4, 6, 8, 10], "bias": "first"},
        {"depth": 2, "width": 3, "bias": "none", "init": "default"},
    ],
    "polynomial": [{"depth": 2, "width": 4, "batch_norm": True, "degree": 4, "interval": 3.0}],
}
OPTIMIZERS = [
    {"name": "sgd", "batch_size": 32, "learning_rate": 0.05},
    {"name": "sgd", "batch_size": 50, "learning_rate": 0.05, "momentum": 0.9},
    {"name": "gd", "learning_rate": 0.1, "momentum": 0.5},
]


def nets() -> list[dict[str, Any]]:
    """Settings of every net in workers/nets that computes many models at once, which several engines can train: the
    variants above, or its defaults for one that is not listed."""
    together = [n for n in plugins.NETS.names() if plugins.batched(n)]
    return [{"name": n, **variant} for n in together for variant in NETS.get(n, [{}])]


def losses() -> tuple[str, ...]:
    return plugins.LOSSES.names()


def engines() -> list[str]:
    """What $SWEEP_ENGINE may be here: the compiled kernels only where they were built."""
    from workers.engines import choose
    from workers.engines.cpu import library

    return [name for name in choose.ENGINES if name != "fused" or library.available()]


def trial(seed: int = 0, **changes: Any) -> Trial:
    """A network trial on 120 digits; `changes` replace whole settings."""
    settings: dict[str, Any] = {
        "data": {"name": "digits", "train_size": 120, "test_size": 60},
        "net": {"name": "convnet", "depth": 3, "width": 6},
        "optimizer": {"name": "sgd", "batch_size": 32, "learning_rate": 0.05},
        "epochs": 3,
        "measure": ["error", "risk", "frobenius_norm"],
        "seed": seed,
    }
    return Trial.of("network", {**settings, **changes})


def entries(trials: Iterable[Trial]) -> list[TrialEntry]:
    """Trials as a manifest begins with them."""
    return [TrialEntry(t.id, t.cell, t.plain) for t in trials]
