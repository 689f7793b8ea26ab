"""Two bundles of two seeds each, which differ in the width of the net."""

from workers.bundle import together
from workers.trial import Trial

SETTINGS = {
    "data": {"name": "digits", "train_size": 100}, "optimizer": {"name": "sgd", "batch_size": 20}, "epochs": 10,
}  # fmt: skip
BUNDLES = [
    together([Trial.of("network", {**SETTINGS, "net": {"name": "convnet", "width": w}, "seed": s}) for s in range(2)])
    for w in (2, 4)
]
FIRST, SECOND = BUNDLES
