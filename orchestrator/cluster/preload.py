"""Imports what every worker needs, in a worker that Ray has started ahead of any work.

Nothing of it is garbage. Looking for some meanwhile takes a quarter of the time.
"""

import gc
import importlib

NAMES = ("torch", "orchestrator.cluster.trainable")

gc.disable()
for name in NAMES:
    importlib.import_module(name)
gc.freeze()
gc.enable()
