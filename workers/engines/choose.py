"""Chooses the engine for a bundle on a device."""

import os
from typing import TYPE_CHECKING

from workers.interfaces.engine import Engine
from workers.training.examples import Examples

if TYPE_CHECKING:
    from workers.training.settings import Settings

ENGINES = ("reference", "fused", "batched")


def choose(bundle: "list[Settings]", examples: Examples, device: str) -> Engine:
    """The fastest engine there is for this bundle on this device. Results agree to tolerance, not bitwise.

    $SWEEP_ENGINE=reference selects the reference engine, for comparisons; =batched selects the engine for GPUs on a
    CPU, too. Raises ValueError for another value, and where the device lacks the precision asked for.
    """
    from workers.engines import reference
    from workers.engines.cpu import engine as cpu
    from workers.engines.gpu import engine as gpu
    from workers.runtime.device import prepare

    wanted = os.environ.get("SWEEP_ENGINE") or ("fused" if device == "cpu" else "batched")
    if wanted not in ENGINES:
        raise ValueError(f"SWEEP_ENGINE must be one of {', '.join(ENGINES)}, got '{wanted}'; leave it out to choose")
    prepare(device, bundle[0].precision)
    if wanted == "batched" and gpu.supports(bundle, examples):
        return gpu.Batched(bundle, examples, device)
    if wanted == "fused" and device == "cpu" and cpu.supports(bundle, examples):
        return cpu.Fused(bundle, examples)
    return reference.Reference(bundle, examples, device)
