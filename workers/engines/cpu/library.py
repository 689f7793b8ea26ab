"""The compiled kernels: which variants this install has, and which one this processor can run."""

import ctypes
import functools
import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

VARIANTS = (
    "avx512",
    "avx2",
    "baseline",
)  # fastest first; counted from the end, the index is the level a processor needs
SUFFIX = ".so"
FLOAT32 = "float32"
NUMBERS = {FLOAT32: ctypes.c_float, "float64": ctypes.c_double}  # each precision has libraries of its own
FOLDER = Path(__file__).with_name("kernels")  # sources and the libraries built from them
ADDRESS = ctypes.c_void_p
BUILD = "run pip install again, or in a checkout python setup.py build_ext --inplace"


class Shape(ctypes.Structure):
    """A network as the kernels see it; the same fields as in network.hpp."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width", "channels", "depth", "classes", "loss", "batch_norm")),
        ("terms", ctypes.c_int32),
        ("widths", ctypes.POINTER(ctypes.c_int32)),
        ("coefficients", ctypes.POINTER(ctypes.c_double)),
    )


class Examples(ctypes.Structure):
    """One model's labelled images; the same fields as in examples.hpp."""

    _fields_ = tuple((name, ADDRESS) for name in ("bytes", "floats", "index", "labels"))


class Update(ctypes.Structure):
    """The optimizer of one model; the same fields as in updates.hpp."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("optimizer", "nesterov")),
        *((name, ctypes.c_double) for name in ("momentum", "weight_decay", "beta1", "beta2", "epsilon")),
        ("before", ctypes.c_int64),
    )


def path(variant: str, precision: str = FLOAT32) -> Path:
    """Where the build puts a variant."""
    return FOLDER / f"_{variant}{'' if precision == FLOAT32 else '_' + precision}{SUFFIX}"


def digest() -> int:
    """A digest of the sources in this package; a library that was built from other sources is not used."""
    content = b"".join(source.read_bytes() for source in sorted(FOLDER.glob("*.?pp")))
    return int(hashlib.sha256(content).hexdigest()[:16], 16)


@functools.cache
def load(variant: str, precision: str = FLOAT32) -> ctypes.CDLL:
    """A variant's library. Raises OSError where it was not built or cannot be loaded."""
    library, number = ctypes.CDLL(str(path(variant, precision))), NUMBERS[precision]
    shape, examples, count = ctypes.POINTER(Shape), ctypes.POINTER(Examples), ctypes.c_int64
    update = ctypes.POINTER(Update)
    library.train.argtypes = [shape, ADDRESS, ADDRESS, examples, ADDRESS, count, count, ADDRESS, update]
    library.evaluate.argtypes = [shape, ADDRESS, examples, count, ADDRESS, ADDRESS, ADDRESS]
    library.multiply_and_add.argtypes = [count, number]
    library.multiply_and_add.restype = ctypes.c_double
    return library


def distrusted(library: Path) -> str:
    """Why a library is not loaded, though it is there: somebody else may have written it; "" if nobody can have.

    It and its folder must belong to this user or to root, must not be writable by others (nor by a group that is not
    the user's own), and must be no links.
    """
    for place in (library, library.parent):
        about = place.lstat()
        if place == library and not stat.S_ISREG(about.st_mode):
            return f"{place} is no regular file"
        if about.st_uid not in (0, os.geteuid()):
            return f"{place} belongs to another user"
        if about.st_mode & stat.S_IWOTH or (about.st_mode & stat.S_IWGRP and about.st_gid not in (0, os.getegid())):
            return f"{place} may be written by other users: run chmod go-w on it"
    return ""


def built(variant: str, precision: str = FLOAT32) -> bool:
    """Whether a variant's library is there, can be trusted and loaded, and was built from these sources."""
    try:
        if distrusted(path(variant, precision)):
            return False
        sources = ctypes.CDLL(str(path(variant, precision))).sources
    except (OSError, AttributeError):  # not there, for another machine, or another library
        return False
    sources.restype = ctypes.c_uint64
    return bool(sources() == digest())


@functools.cache
def usable(precision: str = FLOAT32) -> tuple[str, ...]:
    """The variants that are built here and that this processor can run, fastest first."""
    if not built("baseline"):
        return ()
    level = load("baseline").level()
    able = VARIANTS[len(VARIANTS) - 1 - level :]
    return tuple(variant for variant in able if built(variant, precision))


def unusable() -> dict[str, str]:
    """The libraries that are there and are not used, by file name, each with the reason."""
    every = [(variant, precision) for variant in VARIANTS for precision in NUMBERS]
    there = [(path(*one), one) for one in every if path(*one).exists()]
    other = "was built from other sources, or for another machine"
    return {file.name: distrusted(file) or other for file, one in there if not built(*one)}


def available() -> str | None:
    """The variant that will be used, or None where nothing is built."""
    return next(iter(usable()), None)


def reason() -> str:
    """A message: which variant is used, or why none is."""
    variant = available()
    if variant is not None:
        return f"compiled kernels for {variant}, the fastest this processor runs of those built here"
    if path("baseline").exists():
        if why := distrusted(path("baseline")):
            return f"the compiled kernels are not loaded: {why}"
        return f"the compiled kernels here do not fit their sources or this machine: {BUILD}"
    return "no compiled kernels: this install found no C++ compiler (install one, then run pip install again)"


def peak(variant: str) -> float:
    """Floating-point operations per second of one core, multiplying and adding in registers: the kernels' limit.

    The best of several short runs, in processor time: other processes can only make a run slower.
    """
    return max(_spin(load(variant).multiply_and_add, 2_000_000) for _ in range(10))


def _spin(multiply_and_add: Callable[[int, float], float], rounds: int) -> float:
    started = time.process_time()
    operations = multiply_and_add(rounds, 0.5)
    return operations / (time.process_time() - started)
