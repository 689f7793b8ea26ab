"""A sweep across hosts, through a lost node, a cut link and a restarted database: complete, once, and mirrored."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.waiting import until
from tests.support.services import cluster_services as services
from tests.support.services.cluster_hosts import Host, Network, missing
from tests.support.services.cluster_records import PACE, SWEEP, TRIALS

LACKING = missing("psql", "setpriv", "ss") or ("" if services.postgres_programs() else "needs Debian's postgresql")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900), pytest.mark.skipif(bool(LACKING), reason=LACKING)]

OUTAGE_S = 10.0  # which is the fault itself: nothing that could be awaited happens meanwhile
EPOCHS = 20  # of a second each, nine bundles on two workers: every fault must come before the end
CHECK = str(ROOT / "tests/support/services/cluster_records.py")


@dataclass
class Cluster:
    """Services, a head that works on nothing, two workers, and a machine that is no node."""

    network: Network
    services: Host
    head: Host
    workers: dict[str, Host]
    outside: Host
    store: str = "s3://sweeps/runs"
    begun: float = field(default_factory=time.monotonic)

    def say(self, what: str) -> None:
        line = f"{time.monotonic() - self.begun:6.1f} s  {what}"
        print(line)
        with (self.network.folder / "transcript.txt").open("a") as file:
            file.write(line + "\n")

    def sweep(self, *arguments: str, host: Host | None = None) -> Any:
        """What a command of `sweep` prints with --json, run outside the cluster by default."""
        return json.loads((host or self.outside).run("sweep", *arguments, "--store", self.store, "--json"))

    def launch(self, spec: Path) -> "subprocess.Popen[str]":
        return self.head.start("sweep", "launch", str(spec), "--store", self.store, "--json",
                               "--address", f"{self.head.address}:{services.RAY}", **PACE)  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with Network(folder, own=(services.DATABASE,)) as network:
        names = {"services": 9, "head": 1, "one": 2, "two": 3, "outside": 4}
        hosts = {name: network.host(name, number) for name, number in names.items()}
        services.postgres(hosts["services"])
        s3 = services.s3(hosts["services"], "sweeps", "mlflow")
        mlflow = services.mlflow(hosts["services"], "s3://mlflow/artifacts", s3)
        for name in ("head", "one", "two", "outside"):
            hosts[name].environment |= s3
        hosts["head"].environment |= mlflow
        hosts["outside"].environment |= mlflow
        ray = services.ray_head(hosts["head"])
        hosts["head"].environment |= ray
        workers = {name: hosts[name] for name in ("one", "two")}
        for host in workers.values():
            services.ray_worker(host, {**ray, **PACE})
        yield Cluster(network, hosts["services"], hosts["head"], workers, hosts["outside"])


def progress(cluster: Cluster, spec: Path) -> dict[str, int]:
    found: dict[str, int] = cluster.sweep("status", str(spec))["trials"]
    return found


def checked(cluster: Cluster, spec: Path, *uri: str) -> dict[str, Any]:
    """What is recorded, by the hosts that have recorded it, and what is wrong with it; with `uri`, in MLflow, too."""
    found: dict[str, Any] = json.loads(cluster.outside.run(sys.executable, CHECK, str(spec), cluster.store, *uri))
    return found


def test_faults(cluster: Cluster) -> None:
    spec = cluster.network.folder / "widths.yaml"
    spec.write_text(SWEEP % EPOCHS)
    for host in cluster.network.hosts.values():
        cluster.say(f"listens on {host.name}: {host.listeners() or 'nobody'}")
    assert cluster.services.listeners()["postgres"] == {"127.0.0.1"} and not cluster.outside.listeners()
    launch = cluster.launch(spec)

    def reached(condition: Callable[[], object], what: str) -> None:
        until(lambda: launch.poll() is not None or condition(), what, 300)
        assert launch.poll() is None, cluster.head.log.read_text()[-3000:]

    cluster.say("launched on workers one and two")
    reached(lambda: set(checked(cluster, spec)["hosts"]) == {"one", "two"}, "the first commits of both workers")
    cluster.say(f"seen from outside: {progress(cluster, spec)}")
    cluster.workers["two"].kill()
    cluster.say(f"killed host two; {progress(cluster, spec)}")
    reached(lambda: progress(cluster, spec).get("finished"), "the first trials to finish")
    cluster.workers["one"].cut()
    cluster.say(f"cut host one off; {progress(cluster, spec)}")
    time.sleep(OUTAGE_S)
    cluster.workers["one"].mend()
    cluster.say(f"mended; {progress(cluster, spec)}")
    services.restart_postgres(cluster.services)
    cluster.say("restarted PostgreSQL")
    cluster.workers["two"].boot()
    services.ray_worker(cluster.workers["two"], {**cluster.head.environment, **PACE})
    cluster.say("host two is back")
    assert launch.poll() is None, "the sweep was over before the last fault; give it more epochs"
    assert launch.wait(timeout=600) == 0, cluster.head.log.read_text()[-3000:]
    uri = cluster.head.environment["MLFLOW_TRACKING_URI"]
    found = checked(cluster, spec, uri)
    cluster.say(f"done; {found}")
    assert found["ended"] == TRIALS and not found["wrong"] and not found["mirror"], found
    assert set(found["hosts"]) == {"one", "two"}
    again = cluster.sweep("sync", str(spec), "--tracking-uri", uri)
    assert again["runs_created"] == again["runs_updated"] == 0, again
