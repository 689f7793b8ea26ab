"""The sweeps that the fuzzer records and changes: one that is computed, and one of networks whose weights are kept."""

from typing import Any

from tests.support import user_files

COMPUTED: dict[str, Any] = {
    "title": "fuzz", "source": "test", "experiment": "ridge", "fixed": {"examples": 3, "inputs": 6},
    "vary": {"ridge": [0.01, 0.001], "seed": {"count": 2}},
    "curves": [{"name": "a", "x": "ridge", "y": "norm", "split": "", "band": "ci95"}],
    "claims": [
        {"name": "monotone", "x": "ridge", "y": "norm", "split": "", "order": "falling"},
        {"name": "above", "y": "norm", "bound": 0.0},
    ],
    "profiles": {"debug": {"vary": {"seed": {"count": 1}}}},
}  # fmt: skip
NETWORKS: dict[str, Any] = {
    "title": "fuzzed networks", "source": "test", "experiment": "network", "measure": ["error", "risk"],
    "fixed": {
        "data": {"name": "digits", "train_size": 20, "test_size": 20}, "net": {"name": "convnet", "depth": 2},
        "optimizer": {"name": "sgd", "batch_size": 10, "learning_rate": 0.05}, "epochs": 3,
    },
    "vary": {"net.width": [2, 3], "seed": {"count": 2}},
    "curves": [{"name": "a", "x": "step", "y": "error"}],
}  # fmt: skip
MEASURED: dict[str, Any] = {**NETWORKS, "measure": ["error", "risk", "norm"]}  # of the weights that NETWORKS has kept
RECORDED = {"computed": COMPUTED, "networks": NETWORKS}  # a store each
FILES = {"claims/above.py": user_files.CLAIM}  # beside them
