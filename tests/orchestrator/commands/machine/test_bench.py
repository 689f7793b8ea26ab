"""The benchmark: every engine takes the same steps, operations are counted right, what is left out says why."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from orchestrator.commands.machine import bench
from orchestrator.commands.machine.bench import Bench, Entry, Options
from orchestrator.commands.rendering import render_bench
from tests.support.networks.engine_bundles import run_epoch
from tracking.common.errors import Refused
from workers.bench import cost, module
from workers.bench.case import Case, Pictures, Work
from workers.bench.measure import ENGINES, Lane
from workers.engines.reference import Reference

SMALL = {"depth": 3, "side": 8, "batch": 10, "images": 60}
STEPS = 4


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize("engine", ENGINES.names())
def test_every_engine_takes_the_steps_of_the_reference(engine: str, models: int, batch_norm: bool) -> None:
    case = Case(engine, 5, models, batch_norm, **SMALL)
    work = Work(case.settings(), Pictures.of(case, "cpu"))
    rng = np.random.default_rng(0)
    order = np.stack([rng.permutation(case.images)[: STEPS * case.batch] for _ in range(models)])
    trainer, reference = ENGINES.load(engine).trainer(work), Reference(work.bundle, work.examples(), "cpu")
    before = reference.totals("train")[1]
    run_epoch(reference, work.bundle, order, [True] * models)
    trainer.train(order)
    mine, found = trainer.state(), reference.state()
    for part in ("parameters", "buffers"):
        assert mine[part].keys() == found[part].keys()
        for name, value in mine[part].items():
            assert torch.allclose(value, found[part][name], rtol=1e-4, atol=1e-6), name
    trained = Reference(work.bundle, work.examples(), "cpu")
    trained.load({**mine, "momentum": found["momentum"]})
    risk = reference.totals("train")[1]
    assert trained.totals("train")[1].numpy() == pytest.approx(risk.numpy(), rel=1e-5)
    assert ((risk - before).abs() > 1e-4 * before).all()  # or an engine that does nothing would pass


@pytest.mark.parametrize(("width", "operations"), [(16, 1.61e6), (64, 20.3e6)])
def test_operations_of_a_visit_are_those_of_the_memos_net(width: int, operations: float) -> None:
    assert cost.visit_flops(Case("", width, 1, False)) == pytest.approx(operations, rel=4e-3)


@pytest.mark.parametrize("width", [3, 16])
def test_operations_are_those_that_pytorch_counts(width: int) -> None:
    case = Case("", width, 1, False, images=60)
    work = Work(case.settings(), Pictures.of(case, "cpu"))
    (model,) = module.modules(work)
    with FlopCounterMode(display=False) as counter:
        outputs = model(work.pictures.pixels[:7].permute(0, 3, 1, 2))
        F.cross_entropy(outputs, work.pictures.labels[:7]).backward()
    assert cost.visit_flops(case) * 7 == counter.get_total_flops()


class Metronome:
    """A trainer that takes `step_s` for every step of all its models, by a clock of its own."""

    title = "metronome"

    def __init__(self, case: Case, step_s: float) -> None:
        self.batch, self.step_s, self.visits, self.now = case.batch, step_s, 0, 0.0

    def train(self, order: NDArray[np.int64]) -> None:
        self.now += order.shape[1] / self.batch * self.step_s
        self.visits += order.size

    def clock(self) -> float:
        return self.now

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        return {}


@pytest.mark.parametrize(("step_s", "seconds"), [(0.02, 0.2), (0.2, 0.05)])
def test_a_rate_is_models_times_images_over_seconds(step_s: float, seconds: float) -> None:
    case = Case("", 1, 3, False, **SMALL)
    trainer = Metronome(case, step_s)
    lane = Lane(trainer.clock)
    lane.ready[case] = trainer, step_s
    assert lane.run(case, seconds) == pytest.approx(3 * case.batch / step_s)
    assert trainer.now >= seconds and trainer.visits > 0  # whole calls, at least one


def alone(lane: Lane) -> Any:
    """A group of this process alone."""
    return lambda method, *arguments: [getattr(lane, method)(*arguments)]


TICK_S = 0.002


def ticking() -> Callable[[], float]:
    """A clock that goes on by a tick each time that somebody looks at it: on a busy machine, too."""
    ticks = itertools.count()
    return lambda: TICK_S * next(ticks)


def measured(seconds: float) -> tuple[list[Entry], Bench]:
    """All engines but Ray's on small nets, in this process; whatever is timed takes a tick of the clock."""
    options = Options((3,), (1, 2), (False, True), ENGINES.names(), seconds, rounds=2)
    each = alone(Lane(ticking()))
    found = Bench(options, each("about"))
    lines = []
    for arm in options.batch_norm:
        group = bench.entries(options, dict.fromkeys(options.engines, each), arm, 3)
        small = [Entry(e.engine, Case(e.case.engine, 3, e.case.models, arm, **SMALL), each) for e in group]
        found.measure(small, lambda words, count: None)
        lines += small
    return lines, found


def key(r: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(r[name] for name in ("engine", "width", "models", "batch_norm"))


def test_everything_is_measured() -> None:
    lines, found = measured(0.01)
    assert found.skipped == []
    assert [key(r) for r in found.results] == [key(e.plain()) for e in lines]
    assert len(lines) == 2 * (2 + 2 * 3)  # two engines of one model at a time, three of several
    for r in found.results:
        assert 0 < r["spread"][0] <= r["images_per_s"] <= r["spread"][1]


def test_what_is_skipped_says_why() -> None:
    lines, found = measured(1e-9)
    assert found.results == [] and sorted(map(key, found.skipped)) == sorted(key(e.plain()) for e in lines)
    assert all("a step took" in r["reason"] or "a step would take" in r["reason"] for r in found.skipped)
    report = found.report()
    shown = [line for arm in (False, True) for line in render_bench.lines(report, arm)]
    assert len(shown) == len(lines) and all("skipped" in line and "limit 5e-09 s" in line[-1] for line in shown)


def test_hopeless_combinations_are_known_beforehand() -> None:
    case = Case("vmap", 256, 32, False)
    least = cost.step_flops(case) / 1e11
    assert bench.hopeless(case, 1.01 * least, float("inf"), 1e11, None) == ""
    assert "at the peak" in bench.hopeless(case, 0.99 * least, float("inf"), 1e11, None)
    assert bench.hopeless(case, 4.1, float("inf"), 1e20, (8, 1.0)) == ""
    assert "would take 4 s (1 s for 8)" in bench.hopeless(case, 3.9, float("inf"), 1e20, (8, 1.0))
    assert "a step needs 3.5 GB; a process has 1.0 GB" in bench.hopeless(case, 1e9, 1e9, 1e20, None)
    assert bench.hopeless(Case("vmap", 256, 1, False), 1e-9, float("inf"), 1.0, None) == ""  # one model is tried


def test_memory_is_that_of_a_step_of_pytorch() -> None:
    """Bytes that autograd keeps for the backward pass, without batch norm: inputs of the layers and what ReLU keeps."""
    case = Case("", 16, 1, False, images=100)
    work = Work(case.settings(), Pictures.of(case, "cpu"))
    (model,) = module.modules(work)
    kept: dict[int, int] = {}

    def keep(t: torch.Tensor) -> torch.Tensor:
        kept[t.data_ptr()] = t.nbytes
        return t

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        model(work.pictures.pixels.permute(0, 3, 1, 2).contiguous())
    assert 1 < cost.step_bytes(case) / sum(kept.values()) < 4


def test_ratios_are_to_the_same_network_and_number_of_models() -> None:
    def result(engine: str, models: int, rate: float, width: int = 16, batch_norm: bool = False) -> dict[str, Any]:
        return {
            "engine": engine, "width": width, "models": models, "batch_norm": batch_norm, "images_per_s": rate,
            "spread": [rate, rate],
        }  # fmt: skip

    results = [
        result("common_loop", 1, 10.0), result("resident", 1, 20.0), result("grouped", 8, 40.0),
        result("ours", 8, 120.0), result("ours", 32, 100.0), result("ours", 1, 60.0),
        result("common_loop", 1, 1e6, width=8), result("grouped", 8, 1e6, batch_norm=True),
    ]  # fmt: skip
    ratios = [render_bench.ratios(r, results) for r in results]
    assert ratios[:6] == [(1.0, 10 / 120), (2.0, 20 / 120), (4.0, 40 / 120), (12.0, 3.0), (10.0, 5.0), (6.0, 3.0)]
    assert ratios[6:] == [(1.0, None), (None, None)]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("bench")
    arguments = ["bench", "--width", "4", "--models", "1", "--models", "2", "--no-batch-norm", "--seconds", "0.05",
                 "--rounds", "2", "--json"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli", *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1]), folder / "bench"


@pytest.mark.ray
@pytest.mark.slow
def test_the_command_speaks_json(command: tuple[dict[str, Any], Path]) -> None:
    report, _ = command
    several = [name for name in bench.engines() if bench.takes(name) != "one"]
    expected = {*itertools.product(several, (1, 2)), *((name, 1) for name in bench.engines() if name not in several)}
    given = [*report["results"], *report["skipped"]]
    assert {(r["engine"], r["models"]) for r in given} == expected and len(given) == len(expected)
    assert {"ours", "common_loop", "resident", "vmap", "grouped", "ray_fractional"} == set(report["engines"])
    for r in report["results"]:
        assert set(r) == {"engine", "width", "models", "batch_norm", "images_per_s", "spread"}
        assert r["width"] == 4 and r["batch_norm"] is False
        assert 0 < r["spread"][0] <= r["images_per_s"] <= r["spread"][1]
        assert r["images_per_s"] * cost.visit_flops(Case("", 4, 1, False)) < report["peak"]
    assert report["hardware"] and report["versions"]["torch"] == torch.__version__ and "commit" in report


@pytest.mark.ray
@pytest.mark.slow
def test_the_command_keeps_json_and_figures(command: tuple[dict[str, Any], Path]) -> None:
    report, folder = command
    path = folder / render_bench.name(report)
    assert json.loads(path.with_suffix(".json").read_text()) == report
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    drawn = path.with_suffix(".svg").read_text()
    assert all(f'id="{name}"' in drawn for name in ("peak", *{r["engine"] for r in report["results"]}))


@pytest.mark.parametrize(
    ("options", "message"),
    [(Options(engines=("our",)), "did you mean 'ours'"), (Options(widths=(0,)), "at least 1"),
     (Options(seconds=0.0), "seconds above 0")],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(options: Options, message: str) -> None:
    with pytest.raises(Refused, match=message):
        options.checked()
