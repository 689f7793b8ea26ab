"""The command line: verbs only. Each parses, calls one function and prints."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from orchestrator.commands.exit_codes import guarded
from orchestrator.commands.options import (
    Address,
    Detach,
    Given,
    Json,
    Limit,
    Numbers,
    Opened,
    Port,
    Tracking,
    Watch,
    Where,
    WhichMachines,
    WhichStore,
    WhichSweep,
    Words,
)
from orchestrator.terminal import log_messages
from orchestrator.terminal.encoding import never_failing, replace_unencodable

app = App(
    name="sweep",
    help="Does this overfit? One YAML file in, overfitting curves with confidence bands and checked claims out.",
    help_format="plaintext",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
app.register_install_completion_command()


@app.command
def launch(
    which: WhichSweep,
    *,
    machines: WhichMachines = WhichMachines(),
    at: WhichStore = WhichStore(),
    tracking_uri: Tracking = None,
    retry_failed: bool = False,
    limit: Limit = None,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Run what is missing of a sweep, then draw its curves and judge its claims.

    Examples: `sweep launch demo`, `sweep launch fig2 --profile laptop`, `sweep launch mine.yaml --set epochs=10`.

    Parameters
    ----------
    retry_failed
        Run failed trials again, too.
    limit
        Only the first so many trials.
    detach
        Hand the launch to the cluster and return: it goes on without this terminal.
    """
    from orchestrator.commands import detach as handing_over
    from orchestrator.commands.rendering import render
    from orchestrator.commands.rendering.live_view import LiveView
    from orchestrator.launch import Options, launch

    sweep = which.read()
    local = machines.local or which.debug
    options = Options(at.store, local, machines.address, tracking_uri, retry_failed, limit)
    if detach:
        handing_over.tell(handing_over.submit(sweep, options), as_json)
        return 0
    launched = launch(sweep, options, LiveView())
    render.launched(sweep, launched, at.store, as_json)
    failed = launched.trials["failed"] or any(v.verdict == "fails" for v in launched.claims)
    return 1 if failed or launched.not_drawn else 0


@app.command
def plan(which: WhichSweep, *, machines: WhichMachines = WhichMachines(), at: WhichStore = WhichStore(),
         as_json: Json = False) -> int:  # fmt: skip
    """What a launch with these options would run: trials done and missing, bundles, time. Starts nothing."""
    from orchestrator.commands.plan import planned
    from orchestrator.commands.rendering import render
    from orchestrator.launch import Options

    sweep, local = which.read(), machines.local or which.debug
    render.planned(sweep, planned(sweep, Options(at.store, local, machines.address)), as_json)
    return 0


@app.command
def status(which: WhichSweep, *, at: WhichStore = WhichStore(), watch: Watch = False, as_json: Json = False) -> int:
    """How far a sweep is, read from the records: right from any machine, also after the launcher died."""
    from orchestrator.commands import look_again

    look_again.status(which.read(), at, watch, as_json)
    return 0


@app.command
def curves(which: WhichSweep, *, at: WhichStore = WhichStore(), watch: Watch = False, as_json: Json = False) -> int:
    """Aggregate what is recorded and draw it: Parquet, PNG, SVG, and the report as one HTML file. Exit code 1 when a
    figure cannot be drawn."""
    from orchestrator.commands import look_again

    return 0 if look_again.curves(which.read(), at, watch, as_json) else 1


@app.command
def verify(which: WhichSweep, *, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """Judge each claim on what is recorded: holds, fails, or not enough data. Exit code 1 when one fails."""
    from orchestrator.commands.rendering import render
    from orchestrator.results.build import build
    from orchestrator.spec.expand import expand
    from tracking.records.ledger import Ledger

    sweep = which.read()
    verdicts = build(sweep, expand(sweep), Ledger.read(at.existing())).verdicts
    render.claims(verdicts, as_json)
    return 1 if any(v.verdict == "fails" for v in verdicts) else 0


@app.command(name="show")
def show_(trial: str, *, at: WhichStore = WhichStore(), rerun: bool = False, profile_torch: str | None = None,
          as_json: Json = False) -> int:  # fmt: skip
    """One trial: settings, outcome, provenance and its last recorded numbers.

    Parameters
    ----------
    trial
        The trial's id, or the beginning of it.
    rerun
        Run it alone, in this process, recording nothing: a debugger works; stops at the first NaN.
    profile_torch
        With --rerun, a file for PyTorch's profile (chrome://tracing, Perfetto).
    """
    from orchestrator.commands.rendering import render
    from orchestrator.commands.rerun import find
    from orchestrator.commands.rerun import rerun as alone

    ledger = at.ledger()
    one = find(ledger, trial)
    if rerun or profile_torch:
        for progress in alone(ledger, one, profile_torch):
            render.step(progress)
    else:
        render.trial(ledger, one, as_json)
    return 0


@app.command
def export(trial: str, file: Path, *, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """Write the trained weights of one trial to a safetensors file.

    Example: `sweep export 3f2a net.safetensors`.

    Parameters
    ----------
    trial
        The trial's id, or the beginning of it.
    file
        Where to write it; a file that is there is replaced.
    """
    from orchestrator.commands.export import export
    from orchestrator.commands.rendering import render

    render.exported(export(at.ledger(), trial, file), as_json)
    return 0


@app.command
def reproduce(trial: str, *, at: WhichStore = WhichStore(), bundle: bool = False, as_json: Json = False) -> int:
    """Run a recorded trial again and compare it number by number. Exit code 1 when it differs.

    Parameters
    ----------
    trial
        The trial's id, or the beginning of it.
    bundle
        With all the trials it was trained with: on the same machine it then agrees to the last bit.
    """
    from orchestrator.commands.rendering import render
    from orchestrator.commands.reproduce import reproduce as compare_runs
    from orchestrator.commands.rerun import find

    ledger = at.ledger()
    one = find(ledger, trial)
    found = compare_runs(ledger, one, bundle, (lambda progress: None) if as_json else render.step)
    render.reproduced(one, found, as_json)
    return 1 if any(c.finding == "differs" for c in found) else 0


@app.command
def sync(
    which: WhichSweep, *, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, as_json: Json = False
) -> int:
    """Bring MLflow up to date from the records."""
    from orchestrator.commands.rendering import render
    from orchestrator.results import mlflow_mirror
    from orchestrator.results.build import build
    from orchestrator.results.write import write
    from orchestrator.spec.expand import expand
    from tracking.records.ledger import Ledger

    sweep = which.read()
    ledger = Ledger.read(at.existing())
    results = build(sweep, expand(sweep), ledger)
    files = write(results, ledger.store)
    render.synced(mlflow_mirror.sync(results, files, ledger, tracking_uri), as_json)
    return 0


@app.command
def ui(spec: Opened = None, *, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, port: Port = 5000) -> int:
    """Open the MLflow UI on this store, on this machine only.

    Parameters
    ----------
    spec
        The sweep whose page is opened: its file, or the name of a shipped sweep; all of them if absent.
    port
        Where it listens, on the loopback address.
    """
    from orchestrator.commands import mlflow_ui

    return mlflow_ui.serve(at.existing(), tracking_uri, port, spec)


@app.command(name="list")
def list_(folder: Where = ".", *, as_json: Json = False) -> int:
    """The sweeps that come with this program, and the nets, data, measures, ... of others that a sweep may name."""
    from orchestrator.commands.names import files_at
    from orchestrator.commands.rendering import render_names

    files = files_at(folder)
    render_names.as_json(files) if as_json else render_names.show(files)
    return 0


@app.command(name="new")
def new_(kind: str, name: str, *, folder: Annotated[str, Parameter(help="Where the sweep file lies.")] = ".") -> int:
    """Write a file of your own beside a sweep: a net, data, loss, measure, optimizer, schedule, perturbation, claim.

    Example: `sweep new net mine` writes nets/mine.py, which a sweep names by `net: {name: mine}`.

    Parameters
    ----------
    kind
        net, data, loss, measure, optimizer, schedule, perturbation, claim or sweep.
    name
        The name that sweep files use.
    """
    from orchestrator.commands.new import new
    from orchestrator.terminal.console import say

    path = new(kind, name, Path(folder))
    say(f"{path} is written; `sweep {'plan' if kind == 'sweep' else 'check'} {path}` says whether it works")
    return 0


@app.command(name="check")
def check_(file: str, *, set_: Given = (), as_json: Json = False) -> int:
    """Put a file of your own to the test: trained alone, again, in a bundle, from a checkpoint, beside a model that
    diverges. Exit code 1 when a part of the contract is broken.

    Parameters
    ----------
    file
        Such as nets/mine.py.
    """
    from orchestrator.commands.check import check
    from orchestrator.commands.rendering import render_check

    return 0 if render_check.show(check(Path(file), set_), as_json) else 1


@app.command
def schema(folder: Where = None) -> int:
    """The JSON Schema of sweep files, for editors; with a folder, also of the files in it, which are then imported."""
    from orchestrator.commands.names import files_at
    from orchestrator.spec.generated.json_schema import schema
    from orchestrator.terminal.stdout import out

    with files_at(folder).active():
        out(json.dumps(schema(), indent=1))
    return 0


@app.command
def keys(folder: Where = None) -> int:
    """Every key of a sweep file, as Markdown; with a folder, also of the files in it, which are then imported."""
    from orchestrator.commands.names import files_at
    from orchestrator.spec.generated.key_reference import page
    from orchestrator.terminal.stdout import out

    with files_at(folder).active():
        out(page())
    return 0


@app.command
def bench(
    *,
    width: Numbers = (),
    models: Numbers = (),
    batch_norm: bool | None = None,
    engine: Words = (),
    seconds: float = 1.0,
    rounds: int = 3,
    quick: Annotated[bool, Parameter(negative="")] = False,
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
        Folder for the JSON, PNG and SVG files, which are named by the hardware.
    """
    from orchestrator.commands.bench import Options, run
    from orchestrator.commands.rendering import render_bench

    few = Options(widths=(16,), models=(1, 8), seconds=min(seconds, 0.3)) if quick else Options(seconds=seconds)
    arms = few.batch_norm if batch_norm is None else (batch_norm,)
    report = run(Options(width or few.widths, models or few.models, arms, engine, few.seconds, rounds))
    render_bench.show(report, render_bench.keep(report, output), as_json)
    return 0


@app.command
def doctor(*, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, address: Address = None,
           as_json: Json = False) -> int:  # fmt: skip
    """What is wrong with this machine, or with a cluster, and what to do about it. Exit code 1 when something is."""
    from orchestrator.commands.doctor import examine
    from orchestrator.commands.rendering import render_doctor

    return 0 if render_doctor.show(examine(at.store, tracking_uri, address), as_json) else 1


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `tracking.common.errors` lists the exit codes."""
    sys.stderr = never_failing(sys.stderr)
    replace_unencodable(sys.stdout, sys.stderr)
    with log_messages.shown():
        code = guarded(lambda: app(arguments, exit_on_error=False, print_error=True, result_action="return_value") or 0)
    sys.exit(code)


if __name__ == "__main__":
    main()
