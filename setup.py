"""Builds the compiled kernels where there is a C++ compiler; everything else is in pyproject.toml.

One source, once for each instruction set that the kernels may meet and each precision. All are optional: what cannot
be built is left out, and the reference engine takes its place.
"""

import hashlib
import os
import platform
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

FOLDER = Path("workers/engines/cpu/kernels")
FLAGS = [
    "-std=c++17",
    "-O3",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    "-g0",
]
MACHINE = {"baseline": []}
if platform.machine().lower() in ("x86_64", "amd64"):
    MACHINE |= {"avx2": ["-march=x86-64-v3"], "avx512": ["-march=x86-64-v4"]}


class Libraries(build_ext):
    """Plain shared libraries, loaded with ctypes: their names do not depend on the Python that builds them."""

    def get_ext_filename(self, fullname: str) -> str:
        return os.path.join(*fullname.split(".")) + ".so"

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return []

    def build_extension(self, ext: Extension) -> None:
        shared, self.build_temp = self.build_temp, os.path.join(self.build_temp, ext.name)  # one source, many objects
        try:
            super().build_extension(ext)
        finally:
            self.build_temp = shared


def digest() -> str:
    """The same as workers.engines.cpu.library.digest."""
    content = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.?pp")))
    return "0x" + hashlib.sha256(content).hexdigest()[:16]


def extension(variant: str, suffix: str, real: str) -> Extension:
    return Extension(
        f"workers.engines.cpu.kernels._{variant}{suffix}",
        sources=[str(FOLDER / "kernels.cpp")],
        depends=[str(path) for path in sorted(FOLDER.glob("*.hpp"))],
        define_macros=[("SOURCES", f"{digest()}u"), ("REAL", real)],
        extra_compile_args=[*FLAGS, *MACHINE[variant]],
        language="c++",
        optional=True,
    )


PRECISIONS = {"": "float", "_float64": "double"}  # end of a library's name, type of its numbers
LIBRARIES = [extension(variant, *precision) for variant in MACHINE for precision in PRECISIONS.items()]
setup(ext_modules=LIBRARIES, cmdclass={"build_ext": Libraries})
