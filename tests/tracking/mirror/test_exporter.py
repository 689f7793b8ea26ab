"""An exporter from the package index copies a mirror from one experiment to another (run by `make test-cluster`)."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.services.mlflow_server import Server
from tests.support.stores.mirrored_sweep import SWEEP, parent, sync
from tracking.mirror import sync as mirror
from tracking.records.store import Store


def shown(client: Any, experiment: str) -> Counter[tuple[Any, ...]]:
    """Every run by its role, name, params and last metrics: the exporter leaves data sets out."""
    (found,) = (e for e in client.search_experiments() if e.name == experiment)
    return Counter(
        (
            run.data.tags["sweep.role"],
            run.info.run_name,
            *sorted(run.data.params.items()),
            *sorted(run.data.metrics.items()),
        )
        for run in client.search_runs([found.experiment_id], max_results=100)
    )


@pytest.mark.cluster
def test_an_exporter_takes_all_of_it_and_the_copy_disturbs_nothing(
    store: Store, server: Server, uri: str, tmp_path: Path
) -> None:
    sync(store, uri, parent(tmp_path / "figures"))
    programs, environment = Path(sys.executable).parent, {**os.environ, "MLFLOW_TRACKING_URI": server.url}
    export = ["export-experiment", "--experiment", SWEEP.name, "--output-dir", "out"]
    back = ["import-experiment", "--experiment-name", "copy", "--input-dir", "out"]
    for name, *options in (export, back):
        command = [str(programs / name), *options]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    client = mirror.connect(server.url)
    assert shown(client, "copy") == shown(client, SWEEP.name) and shown(client, "copy").total() == 8
    again = sync(store, uri, parent(tmp_path / "figures"))
    assert (again.runs_created, again.superseded, again.runs_unchanged) == (0, 0, 6)
