"""Starts command lines of this program fast: a process that has imported everything forks a child for each.

A child is a process in a session of its own that runs the real command line as `python -m orchestrator.cli` does, but
without seconds of imports. Orders come as JSON lines on stdin. The parent of a child, a process too, writes the child's
exit code to a file.
"""

import atexit
import gc
import importlib
import json
import os
import resource
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from orchestrator import cli
from tracking.mirror import sync

MODULES = (
    "torch",
    "mlflow",
    "matplotlib.pyplot",
    "pandas",
    "jinja2",
    "rich.progress",
    "pyarrow.parquet",
    "sklearn.datasets",
    "mlflow.store.tracking.sqlalchemy_store",
    "orchestrator.cli",
    "orchestrator.launch.launch",
    "orchestrator.commands.rendering.render",
    "tracking.plotting.kinds.curve_figure",
    "tracking.plotting.kinds.panels",
    "tracking.report.render",
    "tracking.mirror.sync",
    "workers.experiments.misbehaving",
    "workers.experiments.network",
    "workers.experiments.ridge",
    "workers.theory.linear_classification",
    "workers.engines.cpu.engine",
    "scipy.optimize",
    "scipy.stats",
)


def serve(database: str) -> None:
    """Makes an empty MLflow store, which takes seconds too; then forks until stdin ends.

    Only children return from it, with their arguments in sys.argv.
    """
    for name in MODULES:
        importlib.import_module(name)
    sync.prepare(f"sqlite:///{database}")
    gc.freeze()  # or every child would copy all of it when it collects garbage
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the parents of children
    while line := sys.stdin.readline():
        order = json.loads(line)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            child = os.fork()
            if child == 0:
                return _become(order)
            _write_exit_code(order, child)
    os._exit(0)


def _write_exit_code(order: dict[str, Any], child: int) -> None:
    """Waits for the child and writes how it ended."""
    base = Path(order["base"])
    _write(base.with_suffix(".pid"), child)
    _, status = os.waitpid(child, 0)
    _write(base.with_suffix(".code"), os.waitstatus_to_exitcode(status))
    os._exit(0)


def _write(path: Path, number: int) -> None:
    path.with_suffix(path.suffix + "-").write_text(str(number))
    path.with_suffix(path.suffix + "-").rename(path)


def _become(order: dict[str, Any]) -> None:
    os.setsid()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    os.umask(order["umask"])
    for number, name in enumerate(("/dev/null", f"{order['base']}.out", f"{order['base']}.err")):
        handle = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
        os.dup2(handle, number)
        os.close(handle)
    for name, limit in order["limits"].items():
        resource.setrlimit(getattr(resource, name), (limit, limit))
    if order["fresh"]:
        os.execv(sys.executable, [sys.executable, "-m", "orchestrator.cli", *order["arguments"]])
    sys.argv = order["arguments"] if order["arguments"][0] == "-c" else ["sweep", *order["arguments"]]


def _main() -> None:
    """As Python would run it, up to the end: what is left out is giving back, bit by bit, memory that is shared."""
    code: Any = 0
    try:
        if sys.argv[0] == "-c":
            exec(sys.argv[1], {})
        else:
            cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    serve(sys.argv[1])
    _main()
