"""How many images a second this machine trains on: each engine, for each width and number of models.

An image counts once for every model that is trained on it. All processes of an engine run at the same time, and its
rate is their sum. Engines take turns within a round, so that all of them meet the same neighbours on a busy machine.
"""

import contextlib
import itertools
import statistics
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.execution.local.process_group import CallEach, process_group
from orchestrator.planning.resources import cores
from orchestrator.terminal.live import Advance, steps
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.text import count_of
from workers.bench import cost
from workers.bench.case import Case
from workers.bench.measure import ENGINES, Lane
from workers.runtime.device import best

RAY = "ray_fractional"  # the resident engine in Ray actors, each with a fraction of a core or of a GPU
BASE, OURS = "common_loop", "ours"
CPU_SHARE, GPU_SHARE = 1 / 2, 1 / 8  # of one Ray actor
STEP_LIMIT = 5.0  # a combination is skipped when one step takes so many times the seconds of a measurement
MEMORY_SHARE = 0.8  # of the machine's memory may be used


@dataclass(frozen=True)
class Options:
    """What to measure: all combinations, `rounds` times `seconds` each. No engines: all there are."""

    widths: tuple[int, ...] = (8, 16, 64, 256)
    models: tuple[int, ...] = (1, 8, 32, 128)
    batch_norm: tuple[bool, ...] = (False, True)
    engines: tuple[str, ...] = ()
    seconds: float = 1.0
    rounds: int = 3

    def checked(self) -> "Options":
        """Sorted, with all engines named. Raises Refused where a number or a name cannot be."""
        if min(*self.widths, *self.models, self.rounds) < 1 or self.seconds <= 0:
            raise Refused(f"widths, models and rounds must be at least 1 and seconds above 0, got {self}")
        for name in self.engines:
            if name not in engines():
                raise Refused(unknown("engine", name, engines()))
        chosen = tuple(name for name in engines() if not self.engines or name in self.engines)
        widths, models = tuple(sorted({*self.widths})), tuple(sorted({*self.models}))
        return replace(self, engines=chosen, widths=widths, models=models)


@dataclass(frozen=True)
class Entry:
    """One line of the benchmark: the engine's name, what it trains, and the processes that do it."""

    engine: str
    case: Case
    each: CallEach

    def plain(self) -> dict[str, Any]:
        """By what one result is told from another."""
        case = self.case
        return {"engine": self.engine, "width": case.width, "models": case.models, "batch_norm": case.batch_norm}

    def words(self) -> str:
        """The same for people."""
        norm = ", batch norm" if self.case.batch_norm else ""
        return f"{self.engine}, width {self.case.width}, {count_of(self.case.models, 'model')}{norm}"


def engines() -> tuple[str, ...]:
    """All engines, the usual loop first and this project's last."""
    return tuple(sorted([*ENGINES.names(), RAY], key=lambda name: (name == OURS, name != BASE, name)))


def takes(engine: str) -> str:
    """How many models an engine trains at once: "one", "all" or "some" (workers/bench/engines)."""
    return "one" if engine == RAY else ENGINES.load(engine).MODELS


def run(options: Options) -> dict[str, Any]:
    """Measures; returns plain values, ready for JSON. Raises Refused for options that make no sense."""
    options, device = options.checked(), best()
    lanes = cores() if device == "cpu" else 1
    with contextlib.ExitStack() as stack:
        processes = _process_groups(stack, options, device, lanes)
        bench = Bench(options, processes[OURS]("about"))
        groups = [entries(options, processes, *g) for g in itertools.product(options.batch_norm, options.widths)]
        total = sum(map(len, groups)) * (1 + options.rounds)
        advance = stack.enter_context(steps("measuring", total))
        for group in groups:
            bench.measure(group, advance)
    return bench.report()


def _process_groups(stack: contextlib.ExitStack, options: Options, device: str, lanes: int) -> dict[str, CallEach]:
    """The processes of each engine: one a core or GPU, shared by all but Ray, whose actors are smaller."""
    local = stack.enter_context(process_group(Lane, lanes))
    found = dict.fromkeys((*options.engines, OURS), local)
    if RAY in options.engines:
        from orchestrator.cluster import tune_backend

        members, gpus = (round(lanes / CPU_SHARE), 0.0) if device == "cpu" else (round(1 / GPU_SHARE), GPU_SHARE)
        found[RAY] = stack.enter_context(tune_backend.actor_group(Lane, members, CPU_SHARE, gpus))
    return found


def entries(options: Options, processes: dict[str, CallEach], batch_norm: bool, width: int) -> list[Entry]:
    """All lines of one network; an engine that takes one model at a time has one line, with one model."""
    return [
        Entry(name, Case("resident" if name == RAY else name, width, m, batch_norm), processes[name])
        for name in options.engines
        for m in ((1,) if takes(name) == "one" else options.models)
    ]


class Bench:
    """What has been measured so far, on the machine that every process tells `about` (`Lane.about`)."""

    def __init__(self, options: Options, about: list[dict[str, Any]]) -> None:
        self.options, self.about, self.limit_s = options, about, STEP_LIMIT * options.seconds
        self.results: list[dict[str, Any]] = []
        self.skipped: list[dict[str, Any]] = []
        self.titles = dict.fromkeys(options.engines, "")

    def measure(self, group: list[Entry], advance: Advance) -> None:
        """Warms up what can be measured, then lets all of it take turns. `group`: fewer models before more."""
        known: dict[str, tuple[int, float]] = {}  # engine -> models and seconds of the last step that was taken
        ready = [entry for entry in group if self._prepared(entry, known, advance)]
        rates: dict[Entry, list[float]] = {entry: [] for entry in ready}
        for _ in range(self.options.rounds):
            for entry in ready:
                advance(entry.words(), 1)
                rates[entry].append(round(sum(entry.each("run", entry.case, self.options.seconds)), 1))
        for entry, found in rates.items():
            spread = [min(found), max(found)]
            self.results.append({**entry.plain(), "images_per_s": statistics.median(found), "spread": spread})
        for each in {id(entry.each): entry.each for entry in group}.values():
            each("forget")

    def _prepared(self, entry: Entry, known: dict[str, tuple[int, float]], advance: Advance) -> bool:
        advance(f"warming up {entry.words()}", 1)
        one = self.about[0]
        room = MEMORY_SHARE * one["memory"] / len(self.about) if takes(entry.engine) == "all" else float("inf")
        reason = hopeless(entry.case, self.limit_s, room, one["peak"], known.get(entry.engine))
        if not reason:
            answers = entry.each("prepare", entry.case, self.limit_s)
            step_s = max(seconds for seconds, _ in answers)
            known[entry.engine] = entry.case.models, step_s
            in_ray = f", {len(answers)} Ray actors with a share each" if entry.engine == RAY else ""
            self.titles[entry.engine] = answers[0][1] + in_ray
            reason = f"a step took {step_s:.2g} s; limit {self.limit_s:g} s" if step_s > self.limit_s else ""
        if reason:
            self.skipped.append({**entry.plain(), "reason": reason})
            advance(f"skipping {entry.words()}", self.options.rounds)
        return not reason

    def report(self) -> dict[str, Any]:
        """Everything, with what a reader must know to judge and to repeat it."""
        one, options, case = self.about[0], self.options, Case("", 1, 1, False)
        return {
            "results": self.results,
            "peak": sum(lane["peak"] for lane in self.about),
            "peak_how": one["peak_how"],
            "skipped": self.skipped,
            "engines": self.titles,
            "hardware": one["device"],
            "processes": len(self.about),
            "versions": one["versions"],
            "commit": one["code"].get("commit", ""),
            "modified": one["code"].get("modified", False),
            "measured": {
                "net": f"{case.depth} convolutions and a fully connected layer, float32",
                "images": f"synthetic, {case.side}x{case.side}x{cost.CHANNELS}",
                "batch": case.batch,
                "seconds": options.seconds,
                "rounds": options.rounds,
            },
        }


def hopeless(case: Case, limit_s: float, room: float, peak: float, known: tuple[int, float] | None) -> str:
    """Why a combination is not even tried; empty if it is.

    room: bytes there are for the activations of one step. peak: operations per second of one process.
    known: another number of models, and the seconds that one step of theirs took.
    """
    needed = cost.step_bytes(case)
    if needed > room:
        return f"a step needs {needed / 1e9:.1f} GB; a process has {room / 1e9:.1f} GB"
    models, step_s = known or (case.models, cost.step_flops(case) / peak if case.models > 1 else 0.0)
    expected = step_s * case.models / models
    if expected <= limit_s:
        return ""
    why = f"{step_s:.2g} s for {models}" if known else "at the peak"
    return f"a step would take {expected:.2g} s ({why}); limit {limit_s:g} s"
