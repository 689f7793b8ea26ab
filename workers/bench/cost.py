"""The cost of a training step in operations and memory, and the arithmetic peak of the machine.

Operations count multiplying and adding apart: forward, weight and data gradients of convolutions and the output, no
data gradient for the first layer. Batch norm, ReLU, loss and update are not counted.
"""

import time

from workers.bench.case import Case
from workers.engines.cpu import library
from workers.engines.cpu.supported import Net
from workers.nets import convnet

CHANNELS, CLASSES = 3, 10
MATRIX = {"cpu": 1024, "cuda": 8192}  # side of the matrices whose product measures the peak


def visit_flops(case: Case) -> float:
    """Floating-point operations of training one model on one image once."""
    net = convnet.Settings(depth=case.depth, width=case.width, batch_norm=case.batch_norm)
    return convnet.visit_flops(net, (case.side, case.side, CHANNELS), CLASSES)


def step_flops(case: Case) -> float:
    """Floating-point operations of one step of all models."""
    return visit_flops(case) * case.batch * case.models


def step_bytes(case: Case) -> float:
    """Memory for the activations and their gradients of one step, roughly, where all models take it at once."""
    net = Net((case.side, case.side, CHANNELS), (case.width,) * case.depth, CLASSES, batch_norm=case.batch_norm)
    return float(net.batch_bytes(case.batch) * case.models)


def peak(device: str) -> tuple[float, str]:
    """Floating-point operations per second that this process reaches on its device, in float32, and how it was found.

    On a CPU, of one core multiplying and adding in registers; where no kernels are built, and on a GPU, of a product
    of two matrices.
    """
    if device == "cpu" and library.usable():
        return max(library.peak(variant) for variant in library.usable()), "fused multiply-add in registers"
    return _matrix_product(device), "float32 matrix product"


def _matrix_product(device: str) -> float:
    import torch

    side = MATRIX[device]
    a = torch.rand(side, side, device=device)
    best = 0.0
    for _ in range(10):
        settle(device)
        started = time.perf_counter()
        torch.mm(a, a)
        settle(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - started))
    return best


def settle(device: str) -> None:
    """Waits until the device has finished all queued work."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
