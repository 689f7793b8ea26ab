"""Curves and claims made by tasks of a cluster: the same files, byte for byte, as without it, also where processes and
a node die meanwhile; a damaged file is said in the same words."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.launching.waiting import until
from tests.support.services import cluster_services as services
from tests.support.services.cluster_hosts import Host, Network, missing
from tests.support.stores import recorded_sweeps
from tracking.analysis.batches import BATCH
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store

LACKING = missing()
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600), pytest.mark.skipif(bool(LACKING), reason=LACKING)]
WIDTHS = tuple(range(2, 18, 2))
# A batch takes a second, so that a node can die meanwhile, and each process of a worker dies at its fifth.
FAULTS = {"SWEEP_FAILPOINTS": "rows.reduced=slow@1,rows.*=kill@5"}
FILES = (layout.CURVES_PARQUET, layout.CURVES_CSV, layout.TRIALS_CSV, layout.CLAIMS)


@dataclass
class Cluster:
    """A head that works on nothing, two workers, and the store of a sweep whose every cell is a batch."""

    head: Host
    two: Host
    spec: Path
    store: Path
    at: tuple[str, str]

    def command(self, name: str) -> tuple[str, ...]:
        return "sweep", name, str(self.spec), "--store", str(self.store), "--json"

    def busy(self, host: Host) -> bool:
        """Whether a batch is being reduced on a host."""
        return "ray::reduced_alone" in host.run("ps", "ax")

    @property
    def files(self) -> dict[str, bytes]:
        return {name: (self.store / layout.FIGURES / "widths" / name).read_bytes() for name in FILES}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    spec, store = recorded_sweeps.write(tmp_path / "widths.yaml", WIDTHS), tmp_path / "runs"
    recorded_sweeps.record(expand(read(str(spec))), Store(str(store)), last=BATCH)
    with Network(tmp_path) as network:
        head, one, two = (network.host(name, n) for n, name in enumerate(("head", "one", "two"), 1))
        ray = services.ray_head(head)
        for host in (one, two):
            services.ray_worker(host, {**ray, **FAULTS})
        head.environment |= ray
        yield Cluster(head, two, spec, store, ("--address", ray["RAY_ADDRESS"]))


def test_tasks_of_a_cluster_make_the_same_curves_through_faults(cluster: Cluster) -> None:
    head = cluster.head
    head.run(*cluster.command("curves"))
    expected, judged = cluster.files, head.run(*cluster.command("verify"))
    assert json.loads(judged)["claims"][0]["verdict"] == "holds"

    drawn = head.start(*cluster.command("curves"), *cluster.at)
    until(lambda: drawn.poll() is not None or cluster.busy(cluster.two), "a batch on two", 200)
    assert drawn.poll() is None, head.log.read_text()[-3000:]
    for path in (cluster.store / layout.FIGURES / "widths").iterdir():
        path.unlink()
    cluster.two.kill()
    assert drawn.wait(timeout=400) == 0, head.log.read_text()[-3000:]
    assert cluster.files == expected
    assert head.run(*cluster.command("verify"), *cluster.at, timeout=200) == judged

    (manifest,) = Ledger.read(Store(str(cluster.store))).manifests.values()
    (cluster.store / manifest.segments[0].name).write_bytes(b"PAR1")
    here, there = (head.said(*cluster.command("curves"), *at, code=74).splitlines() for at in ((), cluster.at))
    assert here == there and manifest.segments[0].name in here[-1], (here, there)
