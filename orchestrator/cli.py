"""The command line: verbs only. Each parses, calls one function and prints."""

import gc
import sys
from pathlib import Path
from typing import Final

from cyclopts import App

from orchestrator import cli_store, cli_tools, cli_trial
from orchestrator.commands.exit_codes import guarded, of_results
from orchestrator.commands.help_groups import MACHINE, OTHER, RESULTS, RUN, STORE, TRIAL, WRITE
from orchestrator.commands.machine.version import version
from orchestrator.commands.options import (
    Compared,
    Detach,
    Flag,
    Full,
    Json,
    Limit,
    Opened,
    Plot,
    Port,
    Reading,
    Tracking,
    Watch,
    WhichMachines,
    WhichStore,
    WhichSweep,
)
from orchestrator.terminal import log_messages
from orchestrator.terminal.encoding import never_failing, replace_unencodable

app = App(
    name="sweep",
    help="Trains the networks of a sweep (a YAML file), each of them once, draws curves with intervals over seeds, and "
    "judges claims. Begin with `sweep launch demo`.",
    group_commands=OTHER,
    help_format="plaintext",
    version=version,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
app.register_install_completion_command()


@app.command(group=RUN)
def launch(
    which: WhichSweep,
    *,
    machines: WhichMachines = WhichMachines(),
    at: WhichStore = WhichStore(),
    tracking_uri: Tracking = None,
    retry_failed: Flag = False,
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
        Only the first so many trials of the sweep, those that are recorded included.
    detach
        Hand the launch to the cluster and return: it goes on without this terminal.
    """
    from orchestrator.commands import detach as handing_over
    from orchestrator.commands.rendering import render
    from orchestrator.commands.rendering.live_view import LiveView
    from orchestrator.launch.launch import launch
    from orchestrator.launch.options import Options

    sweep = which.read(at)
    local = machines.local or which.debug
    options = Options(at.root, local, machines.address, tracking_uri, retry_failed, limit)
    if detach:
        handing_over.tell(handing_over.submit(sweep, options), as_json)
        return 0
    launched = launch(sweep, options, LiveView())
    render.launched(sweep, launched, at.root, as_json)
    return of_results(launched.trials["failed"], launched.claims, launched.not_drawn)


@app.command(group=RUN)
def plan(which: WhichSweep, *, machines: WhichMachines = WhichMachines(), at: WhichStore = WhichStore(),
         as_json: Json = False) -> int:  # fmt: skip
    """What a launch with these options would run: trials done and missing, bundles, time. Starts nothing.

    Examples: `sweep plan fig2 --profile laptop`, `sweep plan mine.yaml --set epochs=10`.
    """
    from orchestrator.commands.plan import planned
    from orchestrator.commands.rendering import render
    from orchestrator.launch.options import Options

    sweep, local = which.read(at), machines.local or which.debug
    render.planned(sweep, planned(sweep, Options(at.root, local, machines.address)), as_json)
    return 0


@app.command(group=RUN)
def status(which: WhichSweep, *, at: WhichStore = WhichStore(), watch: Watch = False, as_json: Json = False) -> int:
    """How far a sweep is, read from the records: right from any machine, also after the launcher died.

    Examples: `sweep status fig2@laptop`, `sweep status mine.yaml --watch`.
    """
    from orchestrator.commands import look_again

    look_again.status(which.read(at), at, watch, as_json)
    return 0


@app.command(group=RESULTS)
def curves(which: WhichSweep, *, at: WhichStore = WhichStore(), address: Reading = None, watch: Watch = False,
           full: Full = False, plot: Plot = None, as_json: Json = False) -> int:  # fmt: skip
    """Aggregate what is recorded and draw it: Parquet, PNG, SVG, PDF, and the report as one HTML file.

    Examples: `sweep curves fig2@laptop`, `sweep curves mine.yaml --watch`.

    Exit code 1 when a figure cannot be drawn, 74 when one cannot be written.
    """
    from orchestrator.commands import look_again

    return of_results(0, (), look_again.curves(which.read(at), at, address, watch, full, plot, as_json))


@app.command(group=RESULTS)
def verify(which: WhichSweep, *, at: WhichStore = WhichStore(), address: Reading = None, as_json: Json = False) -> int:
    """Judge each claim on what is recorded: holds, fails, or not enough data.

    Example: `sweep verify fig2@laptop`.

    Exit code 1 when one fails.
    """
    from orchestrator.commands import look_again
    from orchestrator.commands.rendering import render

    verdicts = look_again.verdicts(which.read(at), at, address)
    render.claims(verdicts, as_json)
    return of_results(0, verdicts, ())


@app.command(group=RESULTS)
def compare(first: Compared, second: Compared, *more: Compared, at: WhichStore = WhichStore(), full: Full = False,
            as_json: Json = False) -> int:  # fmt: skip
    """Sweeps, variants of one, or one sweep in two stores: each curve of all in one figure, a table of the differences
    with their intervals, and the verdicts side by side.

    Examples: `sweep compare fig2@laptop fig2@laptop@epochs=5`, `sweep compare fig2 old/runs::fig2`.

    Exit code 1 when a figure cannot be drawn.

    Parameters
    ----------
    first
        The sweep that the others are compared with: a file, a shipped name, or a variant such as fig2@laptop@epochs=5;
        in another store than --store after its folder or URI and "::". fig2~1 is fig2 before its file was last changed.
    second
        A sweep that is compared with the first.
    more
        Further sweeps, each of which is compared with the first.
    """
    from orchestrator.commands.rendering import render_compare
    from orchestrator.commands.results.compare import compare
    from orchestrator.results.write_comparison import write

    found = compare((first, second, *more), at.root)
    files = write(found)
    render_compare.show(found, files, full, as_json)
    return of_results(0, (), files.not_drawn)


@app.command(group=RESULTS)
def export(
    which: WhichSweep, file: Path, *, curve: str | None = None, rows: Flag = False, at: WhichStore = WhichStore(),
    as_json: Json = False,
) -> int:  # fmt: skip
    """Write results to one file, whose ending says what it holds: .csv or .parquet the points of a sweep's curves, .tex
    LaTeX tables of them, .pdf its figures, .safetensors the trained weights of one trial.

    Examples: `sweep export fig2@laptop fig2.tex`, `sweep export demo rows.parquet --rows`.

    Example: `sweep export a3d5 net.safetensors`, where a3d5 is the beginning of a trial's id.

    Parameters
    ----------
    file
        Where to write it; a file that is there is replaced.
    curve
        Only this curve, or figure.
    rows
        Every measured number, with the settings of its trial, instead of curves.
    """
    from orchestrator.commands.rendering import render
    from orchestrator.commands.results.export import export

    render.exported(export(which, at, file, curve, rows), as_json)
    return 0


@app.command(group=RESULTS)
def sync(
    which: WhichSweep, *, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, as_json: Json = False
) -> int:
    """Bring MLflow up to date from the records.

    Example: `sweep sync fig2@laptop`, after a launch whose MLflow server could not be reached.
    """
    from orchestrator.commands.rendering import render
    from orchestrator.execution.store.keep_sweep import refuse_another_file
    from orchestrator.results import mlflow_mirror
    from orchestrator.results.build import build
    from orchestrator.results.write import write
    from orchestrator.spec.expand import expand
    from tracking.records.ledger import Ledger

    sweep = which.read(at)
    ledger = Ledger.read(at.existing())
    refuse_another_file(sweep, ledger.store)
    results = build(sweep, expand(sweep), ledger)
    files = write(results, ledger.store)
    render.synced(sweep, mlflow_mirror.sync(results, files, ledger, tracking_uri), at.root, as_json)
    return 0


@app.command(group=RESULTS)
def ui(spec: Opened = None, *, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, port: Port = 5000) -> int:
    """Open the MLflow UI on this store, on this machine only.

    Examples: `sweep ui`, `sweep ui fig2`.

    Parameters
    ----------
    spec
        The sweep whose page is opened: its file, or the name of a shipped sweep; all of them if absent.
    port
        Where it listens, on the loopback address.
    """
    from orchestrator.commands.machine import mlflow_ui

    return mlflow_ui.serve(at.existing(), tracking_uri, port, spec)


for _group, _verbs in (
    (TRIAL, (cli_trial.show, cli_trial.reproduce)),
    (STORE, (cli_store.ls, cli_store.rm, cli_store.prune, cli_store.du, cli_store.pack, cli_store.unpack)),
    (RUN, (cli_tools.list_,)),
    (WRITE, (cli_tools.new_, cli_tools.check_, cli_tools.schema, cli_tools.keys)),
    (MACHINE, (cli_tools.bench, cli_tools.doctor)),
):
    for _verb in _verbs:
        app.command(_verb, name=_verb.__name__.removesuffix("_"), group=_group)


# New objects between two collections of garbage. A sweep of 100,000 trials makes millions that live to the end, and
# with Python's 700 a third of the time of `plan` went into looking at them again and again.
COLLECTED_AFTER = 1_000_000
RETURNED: Final = "return_value"


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `tracking.common.errors` lists the exit codes."""
    gc.set_threshold(COLLECTED_AFTER, *gc.get_threshold()[1:])
    sys.stderr = never_failing(sys.stderr)
    replace_unencodable(sys.stdout, sys.stderr)
    with log_messages.shown():
        code = guarded(lambda: app(arguments, exit_on_error=False, print_error=False, result_action=RETURNED) or 0)
    sys.exit(code)


if __name__ == "__main__":
    main()
