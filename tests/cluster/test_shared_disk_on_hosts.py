"""Records on a disk that several hosts share over the network, without an object store: a sweep through a lost worker,
and a second launch from another host. The disk is SSHFS, as people mount it, with its caches of some seconds on; a
kernel's own NFS is not to be had on the machines of CI.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.waiting import until
from tests.support.services import cluster_services as services
from tests.support.services.cluster_hosts import Host, Network, missing
from tests.support.services.cluster_records import PACE, SWEEP, TRIALS

LACKING = missing("sshfs", "/usr/sbin/sshd", "ssh-keygen")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600), pytest.mark.skipif(bool(LACKING), reason=LACKING)]
DISK = "/srv"  # on one host a folder, on the others that folder
STORE = f"{DISK}/runs"
EPOCHS = 10  # of a second each, nine bundles on two workers
CHECK = str(ROOT / "tests/support/services/cluster_records.py")
SSHD = """
HostKey {key}
AuthorizedKeysFile {key}.pub
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
"""


@dataclass
class Cluster:
    """The host of the disk, a head that works on nothing, and two workers; all but the first have it mounted."""

    disk: Host
    head: Host
    one: Host
    two: Host


def serve(host: Host) -> Path:
    """Offers the host's files to whoever has the key, whose path is returned."""
    key, config = host.network.folder / "key", host.network.folder / "sshd.conf"
    host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    config.write_text(SSHD.format(key=key))
    host.run("mkdir", "-p", "/run/sshd")
    host.start("/usr/sbin/sshd", "-D", "-e", "-f", str(config), "-o", f"ListenAddress={host.address}")
    until(lambda: host.answers(22), "sshd")
    return key


def mount(host: Host, disk: Host, key: Path) -> None:
    options = ("reconnect", "ServerAliveInterval=3", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
    asked = [part for option in (*options, f"IdentityFile={key}") for part in ("-o", option)]
    host.run("sshfs", f"root@{disk.address}:{DISK}", DISK, *asked)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Network(tmp_path, own=(DISK,)) as network:
        made = Cluster(*(network.host(name, n) for n, name in enumerate(("disk", "head", "one", "two"), 1)))
        key = serve(made.disk)
        for host in (made.head, made.one, made.two):
            mount(host, made.disk, key)
        ray = services.ray_head(made.head)
        for host in (made.one, made.two):
            services.ray_worker(host, {**ray, **PACE})
            host.environment |= ray
        made.head.environment |= ray
        yield made


def status(host: Host, spec: Path) -> dict[str, int]:
    """The trials by state; none as long as there is no store, of which `status` prints nothing."""
    said = host.run("sweep", "status", str(spec), "--store", STORE, "--json", check=False)
    found: dict[str, int] = json.loads(said)["trials"] if said else {}
    return found


def test_a_sweep_on_a_shared_disk_outlives_a_worker_and_has_one_launcher(cluster: Cluster, tmp_path: Path) -> None:
    spec = tmp_path / "widths.yaml"
    spec.write_text(SWEEP % EPOCHS)
    command = ("sweep", "launch", str(spec), "--store", STORE, "--json", "--address", f"{cluster.head.address}:6379")
    launch = cluster.head.start(*command, **PACE)
    until(lambda: status(cluster.disk, spec).get("finished"), "the first trials", 300)
    refused = cluster.one.said(*command, code=73)
    assert "works on sweep 'widths'" in refused and "on head" in refused
    cluster.two.kill()
    print("killed a worker:", status(cluster.disk, spec))
    assert launch.poll() is None, "the sweep was over before the fault; give it more epochs"
    assert launch.wait(timeout=400) == 0, cluster.head.log.read_text()[-3000:]
    uri = f"sqlite:///{STORE}/mlflow.db"
    found = json.loads(cluster.head.run(sys.executable, CHECK, str(spec), STORE, uri))
    print("done:", found)
    assert found["ended"] == TRIALS and not found["wrong"] and not found["mirror"], found
    assert set(found["hosts"]) <= {"one", "two"}
    left = cluster.disk.run("find", STORE, "-name", "*.tmp", "-o", "-name", "*.new", "-o", "-name", "*.damaged")
    assert len(left.split()) <= 1, "at most what the killed worker was writing"
