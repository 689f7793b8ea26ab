"""Lowers the Triton kernels for an H100 on a machine without one: registers, spills, shared memory, tensor cores.

    python benchmarks/lowering.py

I input channels, O output channels.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from workers.engines.gpu.convolutions import triton as ways

H100 = GPUTarget("cuda", 90, 32)
PTXAS = Path(triton.__file__).parent / "backends/nvidia/bin/ptxas"
KERNELS = {"forward": ways._forward, "data": ways._data, "weights": ways._weights}
POINTERS = {"x", "weight", "bias", "y", "slope", "of_x", "parts"}


def lowered(kernel: Any, i: int, o: int, precision: str) -> Any:
    """The kernel as it is launched for a layer of I -> O channels."""
    weights, data = kernel is ways._weights, kernel is ways._data
    inner = (64 if 9 * i % 64 == 0 else 32) if weights else ways._inner(o if data else 9 * i)
    rows = ways.WEIGHT_ROWS if weights else ways.ROWS
    fixed = {"I": i, "O": o, "BIAS": True, "RELU": True, "ROWS": rows, "INNER": inner}
    fixed |= {"COLUMNS": ways._columns(i if data else o), "PRECISION": precision}
    names = kernel.arg_names
    fixed = {name: value for name, value in fixed.items() if name in names}
    kinds = {n: "constexpr" if n in fixed else "*fp32" if n in POINTERS else "i32" for n in names}
    aligned = {(names.index(n),): [["tt.divisibility", 16]] for n in names if n in POINTERS}
    values = {(names.index(n),): value for n, value in fixed.items()}
    return triton.compile(ASTSource(kernel, kinds, values, aligned), target=H100)


def report(ptx: str) -> tuple[int, int]:
    """Registers and bytes spilled, as NVIDIA's assembler says."""
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        command = [str(PTXAS), "-v", "--gpu-name", "sm_90a", file.name, "-o", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = re.search(r"(\d+) bytes spill stores.*Used (\d+) registers", said, re.DOTALL)
    assert found, said
    return int(found[2]), int(found[1])


def main() -> None:
    print(f"{'kernel':8} {'I->O':>9} {'precision':9} registers spilled shared fma tensor-core")
    for precision in ("ieee", "tf32"):
        for i, o in ((3, 16), (16, 16), (11, 11), (64, 64), (256, 256)):
            for name, kernel in KERNELS.items():
                if name == "data" and i == 3:
                    continue  # nobody asks for the gradient by the images
                compiled = lowered(kernel, i, o, precision)
                ptx = compiled.asm["ptx"]
                registers, spilled = report(ptx)
                tensor = len(re.findall(r"wgmma\.mma_async|mma\.sync", ptx))
                print(f"{name:8} {f'{i}->{o}':>9} {precision:9} {registers:9} {spilled:7} {compiled.metadata.shared:6} "
                      f"{ptx.count('fma.rn.f32'):3} {tensor:11}")  # fmt: skip


if __name__ == "__main__":
    main()
