"""Tables of measured and computed numbers say what their JSON files and the code say."""

import json
import re
from statistics import median
from typing import Any

import pytest

from tests.support.checkout import ROOT
from workers.engines.gpu import memory_model
from workers.interfaces.dataset import Sizes
from workers.nets import convnet
from workers.training.settings import Settings

BENCHMARKS = ROOT / "benchmarks" / "README.md"
CIFAR10 = Sizes(50_000, 10_000, (32, 32, 3), 10)


def numbers(file: str) -> Any:
    return json.loads((ROOT / "benchmarks/results" / f"{file}.json").read_text())


def table(page: str, head: str) -> list[list[str]]:
    """The cells of the one table whose first line begins with `head`, line by line."""
    (found,) = re.findall(rf"^\| {re.escape(head)}.*\n\|[-:| ]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in found.splitlines()]


def in_brackets(middle: float, values: list[float], digits: int) -> str:
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def network(width: int) -> Settings:
    net = {"name": "convnet", "depth": 4, "width": width}
    optimizer = {"name": "sgd", "batch_size": 100, "learning_rate": 0.1}
    return Settings.model_validate(
        {"data": {"name": "cifar10"}, "net": net, "optimizer": optimizer, "epochs": 1, "seed": 0}
    )


@pytest.mark.parametrize(
    "file, head, least",
    [
        ("amd-epyc-2", "width | batch norm | common loop | best other way (engine, models)", 8),
        ("amd-epyc-2-wide", "width | batch norm | common loop | best other way (engine) |", 4),
    ],
)
def test_the_tables_of_speed(file: str, head: str, least: int) -> None:
    run = numbers(file)
    lines = table(BENCHMARKS.read_text(), head)
    assert len(lines) == least
    for width, norm, loop, best, ours, to_loop, to_best, of_peak in lines:
        same = [r for r in run["results"] if (r["width"], r["batch_norm"]) == (int(width), norm == "yes")]
        (common,) = [r["images_per_s"] for r in same if r["engine"] == "common_loop"]
        (us,) = [r for r in same if (r["engine"], r["models"]) == ("ours", 8)]
        others = [r for r in same if r["engine"] not in ("common_loop", "ours") and r["models"] in (1, 8)]
        other = max(others, key=lambda r: r["images_per_s"])
        rate = us["images_per_s"]
        operations = convnet.visit_flops(convnet.settings_of(network(int(width)).net), (32, 32, 3), 10)
        assert loop == f"{common:,.0f}"
        assert best.startswith(f"{other['images_per_s']:,.0f} ({other['engine']}")
        assert ours == in_brackets(rate, us["spread"], 0)
        assert to_loop == f"{rate / common:.1f}"
        assert to_best == f"{rate / other['images_per_s']:.2f}"
        assert of_peak == f"{rate * operations / run['peak']:.0%}"


def test_the_table_of_programs() -> None:
    names = ["multiprocessing", "sweep --local", "jax", "sweep with Ray", "Ray Tune + MLflow"]
    arms = numbers("peers")["arms"]
    for name, (_, _, wall, cpu) in zip(names, table(BENCHMARKS.read_text(), "program | keeps"), strict=True):
        for cell, of in ((wall, arms[name]["wall_s"]), (cpu, arms[name]["cpu_s"])):
            assert cell == in_brackets(of["median"], [of["lowest"], of["highest"]], 1), name


def test_the_table_of_starts() -> None:
    lines = table(BENCHMARKS.read_text(), "command | before, CPU-s")
    for line, (name, times) in zip(lines, numbers("startup")["commands"].items(), strict=True):
        for cell, of in zip(line[1:3], ("before", "now"), strict=True):
            values = times[of]["cpu_s"]
            assert cell == in_brackets(median(values), values, 2), name
        for cell, of in zip(line[3:], ("before", "now"), strict=True):
            assert cell == ", ".join(f"{value:.1f}" for value in sorted(times[of]["wall_s"])), name


def test_the_table_of_work_before_and_now() -> None:
    sweeps = numbers("before_after")["sweeps"]
    lines = table(BENCHMARKS.read_text(), "sweep | before | this code")
    assert {line[0] for line in lines} == set(sweeps)
    for name, before, code, now, ratio, _ in lines:
        times = sweeps[name]
        last = times.get("now", times["code"])
        assert before == in_brackets(median(times["before"]), times["before"], 2), name
        assert code == in_brackets(median(times["code"]), times["code"], 2), name
        assert now == (in_brackets(median(last), last, 2) if "now" in times else ""), name
        assert ratio == f"{median(times['before']) / median(last):.1f}", name


def test_the_table_of_nets() -> None:
    nets = numbers("nets")["nets"]
    lines = table(BENCHMARKS.read_text(), "net | engine | plain")
    assert [line[0] for line in lines] == list(nets)
    for name, engine, *cells in lines:
        times, ratios = nets[name]["us"], nets[name]["ratio"]
        assert engine == nets[name]["engine"]
        assert cells[:4] == [f"{time:.1f}" for time in times.values()], name
        assert cells[4:] == [in_brackets(r["median"], [r["low"], r["high"]], 2) for r in ratios.values()], name


def test_how_many_models_fit_into_a_gpu() -> None:
    page = (ROOT / "docs/internals/gpu-engine.md").read_text()
    for channels, *fit in table(page, "channels | 8 GiB"):
        most = [memory_model.most(network(int(channels)), CIFAR10, gib * 2**30) for gib in (8, 24, 80)]
        assert [int(models) for models in fit] == most, channels
