"""Lowers the Triton kernels for an H100 on a machine without one: registers, shared memory, loads, tensor cores.

    python -m benchmarks.lowering          # the first candidate of each kernel
    python -m benchmarks.lowering --all    # every candidate that is tried on a GPU

I input channels, O output channels.
"""

import argparse
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from workers.engines.gpu.batch_norm import triton as norm
from workers.engines.gpu.convolutions import triton as ways
from workers.engines.gpu.kernels import batch_norm, convolution
from workers.engines.gpu.kernels.tuning import Candidate, columns_for, fits

H100 = GPUTarget("cuda", 90, 32)
PTXAS = Path(triton.__file__).parent / "backends/nvidia/bin/ptxas"
KERNELS = {"forward": convolution.forward, "by_data": convolution.by_data, "by_weights": convolution.by_weights}
NORMS = (batch_norm.slab_moments, batch_norm.normalise, batch_norm.slab_sums, batch_norm.by_sums)
COUNTS = {"rows", "each", "slabs"}  # integers that need not be multiples of 16
STRIDES = {"stride", "weight_stride", "bias_stride"}  # those that are, as pointers
LAYERS = ((3, 16, 32), (16, 16, 16), (11, 11, 16), (64, 64, 16), (256, 256, 8))  # I, O, height and width


class Lowered(NamedTuple):
    """What NVIDIA's assembler and the PTX say of a kernel. loads: from global memory, by bytes of a thread."""

    registers: int
    spilled: int
    shared: int
    loads: dict[int, int]
    fma: int
    tensor: int


def fixed(name: str, layer: tuple[int, int, int], candidate: Candidate, columns: int, precision: str) -> dict[str, Any]:
    """The constants of the kernel as it is launched for a layer."""
    i, o, side = layer
    inner = candidate.rows if name == "by_weights" else ways.inner(*((o, o) if name == "by_data" else (i, 9 * i)))
    sizes = {"H": side, "W": side, "P": side // 2, "Q": side // 2, "I": i, "O": o}
    bundle = {"BIAS": True, "RELU": True, "LONG": False}
    rows = ways.WEIGHT_ROWS if name == "by_weights" else candidate.rows
    return {**sizes, **bundle, "ROWS": rows, "INNER": inner, "COLUMNS": columns, "PRECISION": precision}


def norm_constants(channels: int) -> dict[str, Any]:
    """The constants of batch norm's kernels, for maps of so many channels."""
    columns = norm.Tiles.of(torch.empty(1, 100, 16, 16, channels, device="meta")).columns
    return {"EPSILON": norm.EPSILON, "C": channels, "LONG": False, "SLABS": 32, "ROWS": norm.ROWS, "COLUMNS": columns}


def compiled(kernel: Any, constants: dict[str, Any], candidate: Candidate) -> Any:
    """The kernel compiled with these constants for an H100."""
    names = kernel.arg_names
    constants = {name: value for name, value in constants.items() if name in names}
    kinds = {n: "constexpr" if n in constants else "i32" if n in COUNTS | STRIDES else "*fp32" for n in names}
    aligned = {(k,): [["tt.divisibility", 16]] for k, n in enumerate(names) if n not in {*constants, *COUNTS}}
    values = {(names.index(n),): value for n, value in constants.items()}
    options = {"num_warps": candidate.warps, "num_stages": candidate.stages}
    return triton.compile(ASTSource(kernel, kinds, values, aligned), target=H100, options=options)


def read(kernel: Any) -> Lowered:
    """What the assembler and the PTX say of a compiled kernel."""
    ptx = kernel.asm["ptx"]
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        command = [str(PTXAS), "-v", "--gpu-name", "sm_90a", file.name, "-o", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = re.search(r"(\d+) bytes spill stores.*Used (\d+) registers", said, re.DOTALL)
    assert found, said
    tensor = len(re.findall(r"wgmma\.mma_async|mma\.sync", ptx))
    return Lowered(int(found[2]), int(found[1]), kernel.metadata.shared, loads(ptx), ptx.count("fma.rn.f32"), tensor)


def loads(ptx: str) -> dict[int, int]:
    """How many loads from global memory have how many bytes of a thread: 4 where numbers are loaded one by one."""
    words = [4 * int(n or 1) for n in re.findall(r"ld\.global(?:\.v(\d))?\.b32", ptx)]
    copied = [int(n, 16) for n in re.findall(r"cp\.async\.c[ag]\.shared\.global.*?\], (0x\w+)", ptx)]
    return {size: (words + copied).count(size) for size in (4, 8, 16)}


def launches(every: bool) -> Iterator[tuple[str, tuple[int, int, int], Candidate, int]]:
    """Kernel, layer, candidate and columns of each kernel that is lowered."""
    for layer in LAYERS:
        for name in KERNELS:
            if name == "by_data" and layer[0] == 3:
                continue  # nobody asks for the gradient by the images
            tried = columns_for(layer[0] if name == "by_data" else layer[1])
            candidates = ways.WEIGHT_TILES if name == "by_weights" else ways.TILES
            each = [(c, columns) for columns in tried for c in candidates if fits(c, columns)]
            for candidate, columns in each if every else each[:1]:
                yield name, layer, candidate, columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    every = parser.parse_args().all
    print("kernel            I->O         tile precision registers spilled shared loads(4,8,16) fma tensor-core")
    for precision in ("ieee", "tf32", "tf32x3"):
        for name, layer, candidate, columns in launches(every):
            found = read(compiled(KERNELS[name], fixed(name, layer, candidate, columns, precision), candidate))
            tile = f"{candidate.rows}x{columns}/{candidate.warps}/{candidate.stages}"
            show(name, f"{layer[0]}->{layer[1]}", tile, precision, found)
    for channels in (11, 16, 64, 256):
        for kernel in NORMS:
            constants = norm_constants(channels)
            tile = f"{norm.ROWS}x{constants['COLUMNS']}/4/3"
            show(kernel.__name__, str(channels), tile, "ieee", read(compiled(kernel, constants, Candidate(0, 4, 3))))


def show(name: str, shape: str, tile: str, precision: str, found: Lowered) -> None:
    """One line of the table."""
    loaded = "/".join(map(str, found.loads.values()))
    print(f"{name:12} {shape:>9} {tile:>12} {precision:9} {found.registers:9} {found.spilled:7} {found.shared:6} "
          f"{loaded:>13} {found.fma:3} {found.tensor:11}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
