"""`sweep ui`: it opens at a sweep, answers this machine and its clients only, and ends with all of its processes."""

import json
import signal
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.launching.launches import Launch, Place
from tests.support.launching.listeners import listeners
from tests.support.launching.waiting import free_port, until
from tests.support.stores.mirrored_sweep import SWEEP, fresh, parent, records, sync

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's tables of sockets and processes"),
]


@pytest.fixture
def folder(place: Place) -> Path:
    """A working folder with a store that has a mirrored sweep."""
    store = records(place.folder / "runs")
    place.program.with_database(place.folder)
    sync(store, fresh(place.folder / "runs"), parent(place.folder / "figures"))
    return place.folder


def asked(url: str, **body: Any) -> Any:
    """The answer of MLflow's REST interface."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def ends(pages: Launch, number: int) -> None:
    """After this signal, with code 0, no traceback, no access log and no process."""
    pages.send(number)
    pages.ends(0, 60)
    until(lambda: not pages.processes(), "the end of its processes")
    assert "HTTP/1.1" not in pages.err + pages.out and "INFO" not in pages.err + pages.out


def test_it_opens_at_a_sweep_answers_clients_and_ends_with_sigterm(place: Place, folder: Path) -> None:
    port = free_port()
    pages = place.program.start(folder, "ui", SWEEP.name, "--port", str(port), fresh=True)
    until(
        lambda: f"http://127.0.0.1:{port}/#/experiments/1/runs" in pages.err or pages.code is not None, "its URL", 240
    )
    assert "viewStateShareKey=trials" in pages.err, pages.err
    found = listeners(p.pid for p in pages.processes())
    assert port in {one.port for one in found} and not [one for one in found if one.open]

    rest = f"http://127.0.0.1:{port}/api/2.0/mlflow"
    (about,) = (e for e in asked(f"{rest}/experiments/search?max_results=10")["experiments"] if e["name"] == SWEEP.name)
    filter = "tags.`sweep.role` = 'trial' and metrics.`setting/net.width` > 10"
    some = asked(f"{rest}/runs/search", experiment_ids=[about["experiment_id"]], filter=filter,
                 order_by=["metrics.`error/test` ASC"])["runs"]  # fmt: skip
    assert len(some) == 4 and {"key": "experiment", "value": "network"} in some[0]["data"]["params"]
    history = f"{rest}/metrics/get-history?run_id={some[0]['info']['run_id']}&metric_key=error%2Ftest"
    assert len(asked(history)["metrics"]) > 4
    own = asked(f"{rest}/runs/search", experiment_ids=["1"], filter="tags.`sweep.role` = 'sweep'")
    run = own["runs"][0]["info"]["run_id"]
    files = asked(f"{rest}/artifacts/list?run_id={run}")["files"]
    assert [file["path"] for file in files] == ["figures", "widths.yaml"]
    ends(pages, signal.SIGTERM)


def test_ctrl_c_before_it_answers_ends_it_too(place: Place, folder: Path) -> None:
    pages = place.program.start(folder, "ui", "--port", str(free_port()), fresh=True)
    until(lambda: len(pages.pids("mlflow")) > 0 or pages.code is not None, "MLflow's server")
    ends(pages, signal.SIGINT)
    assert "http://" not in pages.err + pages.out
