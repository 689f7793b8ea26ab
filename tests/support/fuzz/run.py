"""Tries ten thousand inputs in two processes: `python -m tests.support.fuzz.run`, or `make fuzz`.

What was tried is kept in files of the folder --out, a line an input. The same command goes on where it was stopped, and
first tries again those inputs with which something was wrong. `--only N` tries one input and shows what it does.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest

from tests.support.fuzz import prepare
from tests.support.fuzz.fuzzer import Fuzzer, Tried
from tests.support.fuzz.ways_to_run import in_processes
from tests.support.launching import launches
from tests.support.launching.launches import Program

SHOWN_S = 30.0  # between two lines of progress


@contextlib.contextmanager
def environment(folder: Path) -> Iterator[None]:
    """Speeds measured elsewhere are not read, and a lease that nobody renews is soon taken over."""
    before = os.getcwd()
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        variables.setenv("SWEEP_LEASE_S", "0.6")
        variables.delenv("SWEEP_STORE", raising=False)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


@contextlib.contextmanager
def fuzzer(prepared: Path, seed: int, every: int, program: Program | None) -> Iterator[Fuzzer]:
    """A fuzzer in a new folder. every: of how many changed stores one is launched on."""
    with tempfile.TemporaryDirectory() as folder, environment(Path(folder)):
        work = Path(folder) / "work"
        work.mkdir()
        os.chdir(work)
        yield Fuzzer(prepared, work, seed, every, partial(in_processes, program) if program else None)


@contextlib.contextmanager
def _with_processes(prepared: Path, seed: int, every: int) -> Iterator[Fuzzer]:
    with (
        tempfile.TemporaryDirectory() as folder,
        launches.program(Path(folder)) as program,
        fuzzer(prepared, seed, every, program) as one,
    ):
        yield one


def part(prepared: Path, seed: int, every: int, numbers: Sequence[int], out: Path) -> None:
    """Tries some inputs, in a process of its own, and appends them to a file."""
    with _with_processes(prepared, seed, every) as one, out.open("a") as lines:
        for number in numbers:
            lines.write(json.dumps(asdict(one.input(number))) + "\n")
            lines.flush()


def tried(out: Path) -> list[Tried]:
    """What was tried until now; of an input that was tried again, each time. A line that was cut short is left out."""
    lines = [line for path in sorted(out.glob("*.jsonl")) for line in path.read_text().splitlines(keepends=True)]
    return [Tried(**json.loads(line)) for line in lines if line.endswith("\n")]


def latest(found: Sequence[Tried]) -> dict[int, Tried]:
    """By number. An input that went well once since it went wrong is mended: it is tried again only for that."""
    by_number: dict[int, Tried] = {}
    for one in found:
        if one.number not in by_number or not one.wrong:
            by_number[one.number] = one
    return by_number


def summary(found: Sequence[Tried], asked: int) -> str:
    """Counts, for a line of progress and for the page of faults."""
    now = latest(found)
    kinds, ways = Counter(one.kind for one in now.values()), Counter(one.how for one in now.values())
    commands = Counter(verb for one in found for verb, _ in one.codes)
    bad = sum(bool(one.wrong) for one in now.values())
    ever = len({one.number for one in found if one.wrong})
    return (
        f"{len(now):,} of {asked:,} inputs ({_counted(kinds)}; {_counted(ways)}), {commands.total():,} commands "
        f"({_counted(commands)}); {ever} inputs with findings, {bad} of them not mended"
    )


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.most_common())


def _only(prepared: Path, asked: argparse.Namespace) -> int:
    with _with_processes(prepared, asked.seed, asked.launches) as one:
        found = one.input(asked.only)
    print(found.kind, found.about, found.how, found.codes, *found.wrong, sep="\n")
    return 1 if found.wrong else 0


def _all(prepared: Path, asked: argparse.Namespace) -> int:
    before, start = tried(asked.out), time.monotonic()
    done = latest(before)
    again = [number for number, one in done.items() if one.wrong]
    numbers = again + [number for number in range(asked.inputs) if number not in done]
    context = multiprocessing.get_context("spawn")
    parts = [
        context.Process(
            target=part,
            args=(prepared, asked.seed, asked.launches, numbers[k :: asked.processes], asked.out / f"{k}.jsonl"),
        )
        for k in range(asked.processes)
    ]
    for one in parts:
        one.start()
    while any(one.is_alive() for one in parts):
        for one in parts:
            one.join(SHOWN_S / asked.processes)
        here, took = len(tried(asked.out)) - len(before), time.monotonic() - start
        left = (len(numbers) - here) * took / here / 60 if here else float("nan")
        print(f"{summary(tried(asked.out), asked.inputs)}; {took:.0f} s, {left:.0f} min left", flush=True)
    found = tried(asked.out)
    print("\n".join(line for one in latest(found).values() for line in one.wrong))
    print(f"{summary(found, asked.inputs)}; seed {asked.seed}, {time.monotonic() - start:.0f} s")
    codes = Counter(f"{verb} {code}" for one in found for verb, code in one.codes)
    print(f"exit codes: {_counted(codes)}")
    ended = all(one.exitcode == 0 for one in parts)
    return 0 if ended and not any(one.wrong for one in latest(found).values()) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="tries the input with this number alone")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--launches", type=int, default=60, help="a launch on one in so many changed stores")
    parser.add_argument("--out", type=Path, help="for what was tried; without it, a folder named after the seed")
    asked = parser.parse_args()
    asked.out = (asked.out or Path(tempfile.gettempdir()) / f"fuzz-{asked.seed}").absolute()
    asked.out.mkdir(parents=True, exist_ok=True)
    prepared = asked.out / "prepared"
    if not prepared.exists():
        with tempfile.TemporaryDirectory(dir=asked.out) as folder, environment(Path(folder)):
            prepare.prepare(Path(folder) / "prepared", None)
            (Path(folder) / "prepared").rename(prepared)
    return _all(prepared, asked) if asked.only is None else _only(prepared, asked)


if __name__ == "__main__":
    sys.exit(main())
