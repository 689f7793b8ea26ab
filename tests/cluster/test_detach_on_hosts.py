"""A launch that is handed to a cluster, goes on without its terminal, and can be followed and stopped from outside."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support import user_files
from tests.support.checkout import ROOT
from tests.support.launching.waiting import until
from tests.support.services import cluster_services as services
from tests.support.services.cluster_hosts import Host, Network, missing
from tests.support.services.cluster_records import SWEEP, TRIALS, records

NEEDED = ("aiohttp_cors", "opencensus", "prometheus_client")  # of Ray's job server, told by the modules it imports
LACKING = (
    missing("psql", "setpriv", "ss")
    or ("" if services.postgres_programs() else "needs Debian's postgresql")
    or ("" if all(map(find_spec, NEEDED)) else "needs ray[default], as Ray's job server does: `make test-cluster`")
)
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(LACKING), reason=LACKING),
]
OWN = "/srv"  # each host has its own
PASSWORD = services.PASSWORD  # of MLflow and of the object store, known to the nodes and to whoever launches
EPOCHS = 500  # it must not be over before it is stopped
CHECK = str(ROOT / "tests/support/services/cluster_records.py")
DONE = ("SUCCEEDED", "FAILED", "STOPPED")


@dataclass
class Cluster:
    """A head that takes jobs and works on nothing, two workers, services, and a machine outside that is no node."""

    network: Network
    head: Host
    outside: Host
    tracking: str
    spec: str = f"{OWN}/widths.yaml"

    @property
    def store(self) -> str:
        return str(self.network.folder / "runs")

    def submit(self, *more: str, store: str = "") -> dict[str, str]:
        begun = time.monotonic()
        command = ("sweep", "launch", self.spec, "--store", store or self.store, "--address", self.address)
        command += ("--detach", "--json")
        found: dict[str, str] = json.loads(self.outside.run(*command, *more))
        print(f"submitted within {time.monotonic() - begun:.1f} s: {found}")
        return found

    @property
    def address(self) -> str:
        return f"{self.head.address}:{services.RAY}"

    def job(self, job: str) -> dict[str, Any]:
        """Everything that whoever may ask the cluster knows of a job."""
        ask = ("import sys; from ray.job_submission import JobSubmissionClient\n"
               "print(JobSubmissionClient(sys.argv[1]).get_job_info(sys.argv[2]).json())")  # fmt: skip
        server = f"http://{self.head.address}:{services.JOBS}"
        found: dict[str, Any] = json.loads(
            self.outside.run(sys.executable, "-c", ask, server, job, RAY_AUTH_MODE="token")
        )
        return found

    def ended(self, job: str) -> dict[str, Any]:
        return until(lambda: (found := self.job(job))["status"] in DONE and found, "the job to end", 400)

    def trials(self) -> dict[str, int]:
        said = self.outside.run("sweep", "status", self.spec, "--store", self.store, "--json")
        found: dict[str, int] = json.loads(said)["trials"]
        return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("detach")
    with Network(folder, own=(OWN, services.DATABASE)) as network:
        head, one, two, outside = (network.host(name, n) for n, name in enumerate(("head", "one", "two", "out"), 1))
        stores = network.host("services", 9)
        services.postgres(stores)
        s3 = services.s3(stores, "sweeps", "mlflow")
        mlflow = services.mlflow(stores, "s3://mlflow/artifacts", s3)
        known = {**s3, **{k: v for k, v in mlflow.items() if k != "MLFLOW_TRACKING_URI"}}
        for host in (head, one, two, outside):
            host.environment |= known
        ray = services.ray_head(head, jobs=head.address)
        services.ray_worker(one, ray)
        services.ray_worker(two, ray)
        outside.environment |= {"RAY_AUTH_TOKEN": services.TOKEN}
        network.host("closed", 5)
        made = Cluster(network, head, outside, mlflow["MLFLOW_TRACKING_URI"])
        with_own_measure(folder / "own", EPOCHS)
        outside.run("cp", "-r", f"{folder}/own/.", OWN)
        yield made


def with_own_measure(folder: Path, epochs: int) -> Path:
    """Writes the sweep with a measure of its own beside it; returns the path of the sweep."""
    (folder / "measures").mkdir(parents=True, exist_ok=True)
    (folder / "measures/largest.py").write_text(user_files.MEASURE)
    spec = folder / "widths.yaml"
    spec.write_text((SWEEP % epochs).replace("[error, risk]", "[error, risk, largest]"))
    return spec


def test_it_goes_on_without_whoever_launched_it_until_it_is_stopped_or_done(cluster: Cluster) -> None:
    first = cluster.submit("--limit", "4", "--set", "epochs=10")
    found = cluster.ended(first["job"])
    log = cluster.outside.run("sh", "-c", first["log"])
    print(log)
    assert found["status"] == "SUCCEEDED" and found["driver_exit_code"] == 0, log

    second = cluster.submit()
    try:
        until(lambda: {"running", "finished"} & {*cluster.trials()}, "the first commit")
    finally:
        print(cluster.job(second["job"]))
    for host in cluster.network.hosts.values():
        print(f"listens on {host.name}: {host.listeners() or 'nobody'}")
    assert not cluster.outside.listeners(), "whoever launched has nothing left to do"
    environment = cluster.head.run("sh", "-c", "tr '\\0' '\\n' < /proc/$(pgrep -of 'sweep launch widths')/environ")
    assert f"MLFLOW_TRACKING_PASSWORD={PASSWORD}" in environment, "which is why it need not travel"
    cluster.outside.run("sh", "-c", second["stop"])
    print("stopped:", cluster.trials())
    found = cluster.ended(second["job"])
    log = cluster.outside.run("sh", "-c", second["log"])
    print(log)
    assert found["status"] == "STOPPED" and "everything committed is kept" in log, found
    kept = cluster.trials()
    assert kept.get("running") or kept.get("finished"), kept

    third = cluster.submit()
    assert cluster.ended(third["job"])["status"] == "SUCCEEDED"
    spec = with_own_measure(cluster.network.folder, EPOCHS)
    checked = records(spec, cluster.store)
    print(checked)
    assert checked["ended"] == TRIALS and not checked["wrong"], checked
    for text in (cluster.outside.run("sh", "-c", second["stop"].replace(f"stop {second['job']}", "list")), found, log):
        assert services.TOKEN not in str(text) and PASSWORD not in str(text)


def test_records_in_an_object_store_and_runs_in_an_mlflow_server_are_followed_from_outside(cluster: Cluster) -> None:
    store, uri = "s3://sweeps/runs", ("--tracking-uri", cluster.tracking)
    begun = cluster.submit("--set", "epochs=60", *uri, store=store)
    assert cluster.ended(begun["job"])["status"] == "SUCCEEDED", cluster.outside.run("sh", "-c", begun["log"])
    spec = with_own_measure(cluster.network.folder, 60)
    found = json.loads(cluster.outside.run(sys.executable, CHECK, str(spec), store, cluster.tracking))
    print(found)
    assert found["ended"] == TRIALS and not found["wrong"] and not found["mirror"], found
    from_here = [
        json.loads(cluster.outside.run("sweep", "sync", str(spec), "--store", store, *uri, "--json")) for _ in range(2)
    ]
    assert from_here[0]["runs_created"] == from_here[0]["points_sent"] == 0, "all was there, but for this file's name"
    assert from_here[1]["runs_updated"] == 0, from_here
    drawn = json.loads(cluster.outside.run("sweep", "curves", str(spec), "--store", store, "--json"))
    print({key: str(value)[:200] for key, value in drawn.items()})
    log = cluster.outside.run("sh", "-c", begun["log"])
    print(log)
    assert services.TOKEN not in log and PASSWORD not in log and PASSWORD not in str(cluster.job(begun["job"]))


def test_a_cluster_that_takes_no_job_from_here_says_why(cluster: Cluster) -> None:
    closed = cluster.network.hosts["closed"]

    def said(address: str, **environment: str) -> str:
        command = ("sweep", "launch", "demo", "--store", cluster.store, "--detach", "--address", address)
        text = cluster.outside.said(*command, code=2, **environment)
        print(text)
        assert "Traceback" not in text and services.TOKEN not in text
        return text

    ask = f"import urllib.request as u; u.urlopen('http://{cluster.head.address}:{services.JOBS}/api/jobs/')"
    assert "HTTP Error 401" in cluster.outside.said(sys.executable, "-c", ask, code=1), (
        "without a token no job is shown"
    )
    assert "does not take the token" in said(cluster.address, RAY_AUTH_TOKEN="0" * 64)
    address = services.ray_head(closed)["RAY_ADDRESS"]
    assert f"the cluster at '{address}' takes no jobs" in said(address), "without Ray's dashboard"
    command = ("sweep", "launch", "demo", "--store", cluster.store, "--detach", "--address", address)
    text = closed.said(*command, code=2, RAY_AUTH_TOKEN=services.TOKEN)
    assert "takes no jobs from here: nobody answers at http://127.0.0.1:8265" in text, "nor on the head itself"
    services.ray_stop(closed)
    services.ray_head(closed, jobs="127.0.0.1")
    assert "takes no jobs from other machines" in said(address), "where Ray's dashboard is unless it is told otherwise"
    text = closed.said(*command, code=0, RAY_AUTH_TOKEN=services.TOKEN)
    assert "job      demo-" in text, "which is good enough for the head itself"
