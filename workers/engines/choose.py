"""Chooses the engine for a bundle on a device."""

import os
from typing import TYPE_CHECKING

from workers.interfaces.engine import Engine
from workers.plugins import batched
from workers.training.examples import Examples

if TYPE_CHECKING:
    from workers.training.settings import Settings

ENGINES = ("reference", "fused", "batched", "modules")


def choose(bundle: "list[Settings]", examples: Examples, device: str) -> Engine:
    """The fastest engine there is for this bundle on this device. Results agree to tolerance, not bitwise.

    $SWEEP_ENGINE=reference selects the reference engine, for comparisons; =modules the one that trains torch modules in
    turn; =batched the engine for GPUs on a CPU, too. One that cannot train this bundle is replaced. Raises ValueError
    for another value, and where the device lacks the precision asked for.
    """
    from workers.engines import modules, reference
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
    if wanted == "modules" or not batched(bundle[0].net.name):
        return modules.Modules(bundle, examples, device)
    return reference.Reference(bundle, examples, device)
