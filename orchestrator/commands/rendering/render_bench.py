"""Prints and keeps a benchmark: a table for people, one JSON object for programs, a figure."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.commands.machine.bench import BASE, takes
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.whole_files import replacing
from tracking.plotting.kinds import bench_figure
from tracking.plotting.save import save
from workers.bench import cost
from workers.bench.case import Case

Result = Mapping[str, Any]

HEADER = [
    "width",
    "models",
    "engine",
    "images/s",
    "lowest to highest",
    f"/ {BASE}",
    "/ best other",
    "of peak",
    "why not",
]


def keep(report: Mapping[str, Any], folder: str) -> Path:
    """Writes <hardware>.json, .png, .svg and .pdf; returns their path without the ending."""
    path = Path(folder) / name(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path.with_suffix(".json")) as (beside,):
        beside.write_text(json.dumps(report, indent=1) + "\n")
    widths = sorted({r["width"] for r in report["results"]})
    limits = {w: report["peak"] / visit_flops(w) for w in widths}
    save(lambda: bench_figure.figure(report, limits), path.parent, path.name)
    return path


def name(report: Mapping[str, Any]) -> str:
    """The hardware as the name of a file: amd-epyc-2."""
    words = re.sub(r"[^a-z0-9]+", "-", report["hardware"].lower().removeprefix("cpu: ")).strip("-")
    return f"{words}-{report['processes']}"


def visit_flops(width: int) -> float:
    """Operations of one image in training; batch norm is not counted."""
    return cost.visit_flops(Case("", width, 1, False))


def show(report: Mapping[str, Any], path: Path, as_json: bool) -> None:
    """One table for each of batch norm and none, and where the files are; or the JSON object."""
    if as_json:
        return out_json(report)
    for arm in sorted({r["batch_norm"] for r in (*report["results"], *report["skipped"])}):
        table(f"{'with' if arm else 'without'} batch norm", HEADER, lines(report, arm))
    for engine, title in report["engines"].items():
        say(f"{engine}: {title}")
    one = ", ".join(engine for engine in report["engines"] if takes(engine) == "one")
    say(f"one model at a time, so measured once a width: {one}" if one else "")
    how = report["measured"]
    say(f"median of {how['rounds']} rounds of {how['seconds']:g} s; {report['processes']} processes at once")
    say(f"peak {report['peak'] / 1e9:,.0f} GFLOP/s ({report['peak_how']}) on {report['hardware']}")
    say(f"files    {path}.json, .png, .svg, .pdf")


def lines(report: Mapping[str, Any], batch_norm: bool) -> list[list[str]]:
    """The rows of one table, engines of one model before the others; what was skipped, with the reason."""
    rows = [r for r in (*report["results"], *report["skipped"]) if r["batch_norm"] == batch_norm]
    order = list(report["engines"])
    rows.sort(key=lambda r: (r["width"], takes(r["engine"]) != "one", r["models"], order.index(r["engine"])))
    return [_skipped(r) if "reason" in r else _measured(r, report) for r in rows]


def _skipped(r: Result) -> list[str]:
    return [str(r["width"]), _models(r), r["engine"], "skipped", "", "", "", "", r["reason"]]


def _measured(r: Result, report: Mapping[str, Any]) -> list[str]:
    rate, (low, high) = r["images_per_s"], r["spread"]
    base, other = ratios(r, report["results"])
    share = rate * visit_flops(r["width"]) / report["peak"]
    numbers = [f"{rate:,.0f}", f"{low:,.0f}–{high:,.0f}", _ratio(base), _ratio(other), f"{share:.1%}"]
    return [str(r["width"]), _models(r), r["engine"], *numbers, ""]


def _models(r: Result) -> str:
    return "any" if takes(r["engine"]) == "one" else str(r["models"])


def ratios(r: Result, results: Sequence[Result]) -> tuple[float | None, float | None]:
    """To the usual loop, and to the best other engine, for the same network and number of models.

    An engine that takes one model at a time runs as fast for any number of models, so it meets all of them.
    """
    peers = [
        o
        for o in results
        if (o["width"], o["batch_norm"]) == (r["width"], r["batch_norm"])
        and (o["models"] == r["models"] or "one" in (takes(o["engine"]), takes(r["engine"])))
    ]
    base = next((o["images_per_s"] for o in peers if o["engine"] == BASE), None)
    others = [o["images_per_s"] for o in peers if o["engine"] != r["engine"]]
    return r["images_per_s"] / base if base else None, r["images_per_s"] / max(others) if others else None


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
