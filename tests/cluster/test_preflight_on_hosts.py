"""A cluster that cannot run a sweep says why before anything runs: real nodes, each wrong in its own way.

No worker, other code on a worker, a store that workers do not see, a wrong token and none, a machine that is no node, a
module that the sweep's own files need and only the launching host has. A worker that has just died is no reason. Files
beside the sweep, which workers do not see, travel to them.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import user_files
from tests.support.checkout import ROOT
from tests.support.services import cluster_services as services
from tests.support.services.cluster_hosts import Host, Network, missing
from tests.support.services.cluster_records import SWEEP
from tracking.records.ledger import Ledger
from tracking.records.store import Store

LACKING = missing()
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600), pytest.mark.skipif(bool(LACKING), reason=LACKING)]
SOON_S = 60.0  # most of it is imports, on a busy machine
OWN = "/srv"  # each host has its own
PACKAGES = ("orchestrator", "workers", "tracking", "sweeps")


@dataclass
class Cluster:
    """A head that works on nothing, and two workers that have not joined it yet."""

    head: Host
    one: Host
    two: Host
    ray: dict[str, str]
    spec: Path

    def launch(self, store: str, code: int, host: Host | None = None, spec: str = "", **environment: str) -> str:
        """Launches, expects this exit code, and returns what was said."""
        command = ("sweep", "launch", spec or str(self.spec), "--store", store, "--json")
        command += ("--address", self.ray["RAY_ADDRESS"])
        variables, begun = {**self.ray, "HOME": str(self.spec.parent), **environment}, time.monotonic()
        said = (host or self.head).said(*command, code=code, **variables)
        assert code == 0 or time.monotonic() - begun < SOON_S, "it must be said soon"
        assert "Traceback" not in said and services.TOKEN not in said, said
        print("\n".join(line for line in said.splitlines() if not line.startswith("{")))
        return said


def own_files_travel(cluster: Cluster, store: Path, folder: Path) -> None:
    """A net, a loss, a measure and a claim beside the sweep, in a folder that only the launching host has."""
    user_files.write(folder / "own", {"only_here.py": "", "nets/_helper.py": "import only_here\nSCALE = 0.1\n"})
    cluster.head.run("cp", "-r", f"{folder}/own/.", OWN)
    there = {"spec": f"{OWN}/mine.yaml", "PYTHONPATH": f"{ROOT}:{OWN}"}
    said = cluster.launch(str(store), 2, **there)
    assert "the code beside the sweep is " in said and f"{OWN}/nets/_helper.py:1: ModuleNotFoundError" in said, said
    assert not list(store.glob("records/*"))

    cluster.head.run("sh", "-c", f"echo 'SCALE = 0.1' > {OWN}/nets/_helper.py")
    said = cluster.launch(str(store), 0, **there)
    assert '"run": 2' in said and '"verdict": "holds"' in said, said
    ledger = Ledger.read(Store(str(store)))
    assert "largest" in ledger.rows(ledger.records.values())["measure"].to_pylist()
    assert {p.host for r in ledger.records.values() for p in r.provenances} <= {"one", "two"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("preflight")
    with Network(folder, own=(OWN,)) as network:
        head, one, two = (network.host(name, n) for n, name in enumerate(("head", "one", "two"), 1))
        spec = folder / "widths.yaml"
        spec.write_text(SWEEP % 2)
        yield Cluster(head, one, two, services.ray_head(head), spec)


def test_what_is_wrong_with_a_cluster_is_said_before_anything_runs(cluster: Cluster, tmp_path: Path) -> None:
    shared = tmp_path / "runs"
    said = cluster.launch(str(shared), 2)
    assert "no node has 1 CPU for a bundle: head (10.77.0.1) offers 0 CPU, 0 GPU" in said

    said = cluster.launch(str(shared), 2, RAY_AUTH_TOKEN="0" * 64)
    assert "the cluster at '10.77.0.1:6379' does not take the token" in said
    said = cluster.launch(str(shared), 2, RAY_AUTH_TOKEN="")
    assert "needs a token, and there is none here" in said
    said = cluster.launch(str(shared), 2, host=cluster.two)
    assert "this machine is no node of the cluster" in said and "--num-cpus=0" in said

    other = tmp_path / "other"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, other / package)
    with (other / "workers/trial.py").open("a") as file:
        file.write("# edited\n")
    services.ray_worker(cluster.one, {**cluster.ray, "PYTHONPATH": str(other)})
    said = cluster.launch(str(shared), 2)
    assert "one (10.77.0.2) has " in said and "code is " in said and "head" not in said.partition("code is")[2]

    services.ray_stop(cluster.one)
    services.ray_worker(cluster.one, cluster.ray)
    services.ray_worker(cluster.two, cluster.ray)
    said = cluster.launch(f"{OWN}/runs", 2)
    assert all(f"{host} (FileNotFoundError" in said for host in ("one (10.77.0.2)", "two (10.77.0.3)")), said
    assert f"cannot read the store '{OWN}/runs'" in said and "s3://" in said
    assert not list(tmp_path.glob("runs/records/*")), "nothing has run so far"

    own_files_travel(cluster, shared, tmp_path)
    cluster.launch(str(shared), 0)
    assert len(list(tmp_path.glob("runs/records/*/manifest.json"))) >= 3

    cluster.two.kill()  # Ray takes it for alive for half a minute more
    cluster.spec.write_text(SWEEP % 3)
    assert '"failed": 0' in cluster.launch(str(shared), 0)
