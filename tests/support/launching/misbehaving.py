"""An experiment for tests, put into a copy of the program: trials count, and some misbehave as they are told.

x -> 3.9 x (1 - x), from the seed: every step depends on all before it, so that a step that is lost, done twice or gone
on with from a wrong state changes every number after it.
"""

import ctypes
import json
import os
import resource
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tracking.common.named_files.plugins import Frozen
from tracking.records.rows import Outcome, Progress, Row
from workers.interfaces.experiment import Seconds, no_choice, no_layers, no_limit, no_preparation, not_known
from workers.trial import Trial

Does = Literal["count", "raise", "crash", "exit", "eat", "hang"]


class Settings(Frozen):
    """What a trial does, and when."""

    does: Does = "count"
    at: int = Field(3, ge=0, description="step at which it does it")
    steps: int = Field(10, gt=0, description="how far it counts")
    pause: float = Field(0.0, ge=0, description="seconds that a step of a bundle takes")
    weight: int = Field(0, ge=0, description="bytes of its state, for checkpoints of some size")
    seed: int = Field(0, ge=0)


PROGRESS = "MISBEHAVING_PROGRESS"  # names a file that shall hold the last step, for who cannot see it in commits
MAY_DIFFER = ("does", "seed")
MEASURES = {"value": ("",)}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice
recorded_steps, recorded_layers = not_known, no_layers


def cost(settings: Settings) -> float:
    """All the same."""
    return float(settings.steps)


def seconds(settings: Settings, device: str) -> Seconds:
    """As it is told."""
    return Seconds(settings.steps * settings.pause)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """Counts all trials of a bundle together."""
    about = trials[0].settings
    state = resume or {"step": -1, "x": [((t.seed * 7919 + 13) % 1000 + 0.5) / 1001 for t in trials]}
    for step in range(state["step"] + 1, about.steps):
        time.sleep(about.pause)
        for trial in trials:
            if step == about.at:
                _misbehave(trial.plain["does"], len(trials))
        if PROGRESS in os.environ:
            Path(os.environ[PROGRESS]).write_text(str(step))
        state = {"step": step, "x": [3.9 * x * (1 - x) for x in state["x"]], "weight": os.urandom(about.weight).hex()}
        rows = [Row(t.id, step, "", "value", "", x) for t, x in zip(trials, state["x"], strict=True)]
        last = step == about.steps - 1
        ended = {t.id: Outcome("finished", step, "all steps done") for t in trials} if last else {}
        yield Progress(step, rows, ended, partial(dict, state), weights=partial(_weights, trials, state))


def _weights(trials: Sequence[Trial[Settings]], state: dict[str, Any]) -> bytes:
    """In place of trained networks: where each trial has arrived."""
    return json.dumps({t.id: x.hex() for t, x in zip(trials, state["x"], strict=True)}).encode()


def _misbehave(does: Does, models: int) -> None:
    if does == "raise":
        raise RuntimeError("this trial is broken")
    if does == "crash":
        ctypes.string_at(0)
    if does == "exit":
        os._exit(3)
    if does == "hang":
        time.sleep(3600)
    if does == "eat":
        _eat(models)


def _eat(models: int) -> None:
    """As much memory as a bundle of so many models would need, of a machine that has enough for two."""
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 250 * 2**20, before[1]))
    try:
        bytearray(100 * 2**20 * models)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
