"""The verbs that need no sweep: which names there are, files of one's own, and this machine."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from orchestrator.commands.options import (
    Address,
    Given,
    Json,
    Kind,
    Numbers,
    OwnFile,
    Tracking,
    Where,
    WhichStore,
    Words,
)


def list_(
    folder: Where = ".",
    *,
    topic: Annotated[str, Parameter(help="Only the sweeps of this topic, such as papers.", show_default=False)] = "",
    as_json: Json = False,
) -> int:
    """The sweeps that come with this program, and the nets, data, measures, ... of others that a sweep may name.

    Examples: `sweep list --topic papers`, `sweep list mine.yaml` (also the files beside it).
    """
    from orchestrator.commands.authoring.names import files_at
    from orchestrator.commands.rendering import render_names

    files = files_at(folder)
    render_names.as_json(files, topic) if as_json else render_names.show(files, topic)
    return 0


def new_(
    kind: Kind,
    name: str,
    *,
    folder: Annotated[str, Parameter(help="Where the sweep file lies.")] = ".",
    like: Annotated[
        str, Parameter(help="Of a sweep: the one to copy, by its name in `sweep list`.", show_default=False)
    ] = "",
) -> int:
    """Write a sweep, or a file of your own beside it: a net, data, loss, measure, optimizer, schedule, claim.

    Example: `sweep new net mine` writes nets/mine.py, which a sweep names by `net: {name: mine}`.

    Example: `sweep new sweep mine --like fig2` writes a copy of fig2 to change.

    Parameters
    ----------
    kind
        net, data, loss, measure, optimizer, schedule, perturbation, claim or sweep.
    name
        The name that sweep files use.
    """
    from orchestrator.commands.authoring.new import new
    from orchestrator.terminal.console import say
    from tracking.records.command_lines import command

    path = new(kind, name, Path(folder), like)
    then = command("plan" if kind == "sweep" else "check", str(path))
    say(f"{path} is written; `{then}` says whether it works")
    return 0


def check_(file: OwnFile, *, set_: Given = (), as_json: Json = False) -> int:
    """Put a file of your own to the test: trained alone, again, in a bundle, from a checkpoint, beside a model that
    diverges.

    Example: `sweep check nets/mine.py`.

    Exit code 1 when a part of the contract is broken.

    Parameters
    ----------
    file
        Such as nets/mine.py.
    """
    from orchestrator.commands.authoring.check import check
    from orchestrator.commands.rendering import render_check

    return 0 if render_check.show(check(Path(file), set_), as_json) else 1


def schema(folder: Where = None) -> int:
    """The JSON Schema of sweep files, for editors; with a folder, also of the files in it, which are then imported.

    Example: `sweep schema . > sweep.schema.json`.
    """
    from orchestrator.commands.authoring.names import files_at
    from orchestrator.spec.generated.json_schema import schema
    from orchestrator.terminal.stdout import out

    with files_at(folder).active():
        out(json.dumps(schema(), indent=1))
    return 0


def keys(folder: Where = None) -> int:
    """Every key of a sweep file, as Markdown; with a folder, also of the files in it, which are then imported.

    Examples: `sweep keys`, `sweep keys . > keys.md`.
    """
    from orchestrator.commands.authoring.names import files_at
    from orchestrator.spec.generated.key_reference import page
    from orchestrator.terminal.stdout import out

    with files_at(folder).active():
        out(page())
    return 0


def bench(
    *,
    width: Numbers = (),
    models: Numbers = (),
    batch_norm: bool | None = None,
    engine: Words = (),
    seconds: float = 1.0,
    rounds: int = 3,
    quick: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    output: Annotated[str, Parameter(name="--out")] = "bench",
    as_json: Json = False,
) -> int:
    """Images a second that this machine trains on: the engine of this program against the usual ways.

    Example: `sweep bench --quick`, then `sweep bench` (ten minutes on 2 cores that do nothing else).

    Parameters
    ----------
    width
        Channels of each convolution; may be repeated. 8, 16, 64 and 256 if absent.
    models
        Models in one process; may be repeated. 1, 8, 32 and 128 if absent.
    batch_norm
        Only with batch norm, or only without; both if absent.
    engine
        Only this one; may be repeated.
    seconds
        Of one measurement.
    rounds
        Measurements of each combination; median, lowest and highest are shown.
    quick
        Width 16, 1 and 8 models, a third of a second: under a minute.
    output
        Folder for the JSON, PNG, SVG and PDF files, which are named by the hardware.
    """
    from orchestrator.commands.machine.bench import Options, run
    from orchestrator.commands.rendering import render_bench

    few = Options(widths=(16,), models=(1, 8), seconds=min(seconds, 0.3)) if quick else Options(seconds=seconds)
    arms = few.batch_norm if batch_norm is None else (batch_norm,)
    report = run(Options(width or few.widths, models or few.models, arms, engine, few.seconds, rounds))
    render_bench.show(report, render_bench.keep(report, output), as_json)
    return 0


def doctor(*, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, address: Address = None,
           as_json: Json = False) -> int:  # fmt: skip
    """What is wrong with this machine, or with a cluster, and what to do about it.

    Examples: `sweep doctor`, `sweep doctor --address auto`.

    Exit code 1 when something is.
    """
    from orchestrator.commands.machine.doctor import examine
    from orchestrator.commands.rendering import render_doctor

    return 0 if render_doctor.show(examine(at.root, tracking_uri, address), as_json) else 1
