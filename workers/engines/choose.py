"""Chooses the engine for a bundle on a device, and says why."""

import os
from typing import TYPE_CHECKING

from workers.engines.cpu import library, supported
from workers.interfaces.dataset import Sizes
from workers.interfaces.networks.engine import Choice, Engine
from workers.interfaces.optimizer import noise_names
from workers.nets import convnet
from workers.plugins import batched
from workers.training.examples.selection import Examples

if TYPE_CHECKING:
    from workers.training.settings import Settings

ENGINES = ("reference", "fused", "batched", "modules")


def choose(bundle: "list[Settings]", examples: Examples, device: str) -> Engine:
    """The engine of `choice`. Results of engines agree to tolerance, not bitwise.

    Raises ValueError where $SWEEP_ENGINE is no engine, and where the device lacks the precision asked for.
    """
    from workers.engines import modules, reference
    from workers.engines.cpu import engine as cpu
    from workers.engines.gpu import engine as gpu
    from workers.runtime.device import TF32X3, prepare

    chosen = choice(bundle[0], examples.sizes(), device).engine
    prepare(device, bundle[0].precision)
    if bundle[0].precision == TF32X3 and chosen != "batched":
        raise ValueError(f"precision tf32x3 is for convnet on a GPU, got {bundle[0].net.name}; choose float32 or tf32")
    if chosen == "batched":
        return gpu.Batched(bundle, examples, device)
    if chosen == "fused":
        return cpu.Fused(bundle, examples)
    if chosen == "modules":
        return modules.Modules(bundle, examples, device)
    return reference.Reference(bundle, examples, device)


def choice(settings: "Settings", sizes: Sizes, device: str) -> Choice:
    """The fastest engine for trials with these settings on this device, "cpu" or "cuda". For a CPU it loads no torch.

    sizes: of the whole data set.

    $SWEEP_ENGINE=reference selects the reference engine, for comparisons; =modules the one that trains torch modules in
    turn; =batched the engine for GPUs on a CPU, too. One that cannot train these trials is not taken. Raises ValueError
    where it is none of ENGINES.
    """
    wanted = os.environ.get("SWEEP_ENGINE")
    if wanted and wanted not in ENGINES:
        raise ValueError(f"SWEEP_ENGINE must be one of {', '.join(ENGINES)}, got '{wanted}'; leave it out to choose")
    if wanted and not why_not(wanted, settings, sizes, device):
        return Choice(wanted, "SWEEP_ENGINE asks for it")
    return _on_cpu(settings, sizes) if device == "cpu" else _on_gpu(settings, sizes)


def _on_cpu(settings: "Settings", sizes: Sizes) -> Choice:
    why = supported.why_not(settings, sizes)
    if why:
        return Choice("modules", f"PyTorch, one model after the other, which is fastest on a CPU: {why}")
    return Choice("fused", library.reason())


def _on_gpu(settings: "Settings", sizes: Sizes) -> Choice:
    why = _why_not_batched(settings)
    if not why:
        return Choice("batched", "all models as one computation, in CUDA graphs")
    alone = _why_not_at_once(settings, sizes)
    if alone:
        return Choice("modules", f"PyTorch, one model after the other: {alone}")
    return Choice("reference", f"PyTorch, all models at once: {why}")


def why_not(engine: str, settings: "Settings", sizes: Sizes, device: str) -> str:
    """Why an engine cannot train trials with these settings on this device; "" where it can."""
    if engine == "fused":
        return supported.why_not(settings, sizes) if device == "cpu" else "the compiled kernels run on a CPU"
    if engine == "batched":
        return _why_not_batched(settings)
    return _why_not_at_once(settings, sizes) if engine == "reference" else ""


def _why_not_at_once(settings: "Settings", sizes: Sizes) -> str:
    """Why the reference engine cannot train these trials; "" where it can. Loads torch for nets that are modules."""
    if batched(settings.net.name):
        return ""
    from workers.training.networks.stacked import why_not_stacked

    return why_not_stacked(settings.net, sizes.image, sizes.classes)


def _why_not_batched(settings: "Settings") -> str:
    """Why the engine for GPUs cannot train trials with these settings; "" where it can."""
    if type(settings.net) is not convnet.Settings:
        return f"the engine for GPUs knows convnet only, not {settings.net.name}"
    if noise_names(settings.optimizer.name):  # drawn on the CPU: a recorded graph would repeat those of one step
        return f"the engine for GPUs draws no random numbers for a step of {settings.optimizer.name}"
    return "the engine for GPUs does not augment images" if settings.data.augment else ""
