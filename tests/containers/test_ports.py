"""What listens while a sweep runs on this machine: Ray's processes and MLflow's pages, all on the loopback address."""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.launching.launches import Launch, Place, sweep
from tests.support.launching.waiting import until

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's tables of sockets"),
]
LISTEN = {
    "tcp": "0A",
    "tcp6": "0A",
    "udp": "07",
    "udp6": "07",
}  # the kernel's numbers of states
FIXED = {"data": {"name": "digits", "train_size": 200}, "net": {"name": "convnet", "width": 4}, "epochs": 60}


class Listener(NamedTuple):
    """A listening socket and whose it is."""

    protocol: str
    address: str
    port: int
    program: str

    @property
    def open(self) -> bool:
        """Whether another machine could reach it."""
        return not ipaddress.ip_address(self.address).is_loopback


def listeners(pids: Iterable[int]) -> set[Listener]:
    """The sockets at which these processes listen now."""
    owners = {inode: pid for pid in pids for inode in _sockets(pid)}
    found = set()
    for protocol, state in LISTEN.items():
        for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
            _, local, remote, now, *rest = line.split()
            if now == state and rest[5] in owners and remote.endswith(":0000"):
                address, port = local.split(":")
                found.add(Listener(protocol, _address(address), int(port, 16), _name(owners[rest[5]])))
    return found


def _sockets(pid: int) -> list[str]:
    links = []
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            links.append(str(path.readlink()))
        except FileNotFoundError:  # closed, or ended, since
            continue
    return [link[len("socket:[") : -1] for link in links if link.startswith("socket:[")]


def _address(text: str) -> str:
    """From the kernel's words of four bytes, each in this machine's order; IPv4 inside of IPv6 as IPv4."""
    words = [bytes.fromhex(text[i : i + 8]) for i in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(w[::-1] if sys.byteorder == "little" else w for w in words))
    return str(getattr(found, "ipv4_mapped", None) or found)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return "ended"


def watched(launch: Launch) -> set[Listener]:
    """Every socket that listened at some moment between the first commit and the end of a launch."""
    seen: set[Listener] = set()

    def over() -> bool:
        seen.update(listeners(p.pid for p in launch.processes()))
        return launch.code is not None

    until(over, "the end of the launch", 180)
    return seen


def test_a_socket_open_to_other_machines_is_seen() -> None:
    """The scan itself: it must see what it is to find."""
    with socket.socket() as world, socket.socket(socket.AF_INET6) as six, socket.socket() as here:
        world.bind(("0.0.0.0", 0))
        six.bind(("::1", 0))
        here.bind(("127.0.0.1", 0))
        for one in (world, six, here):
            one.listen()
        ports = {one.getsockname()[1] for one in (world, six, here)}
        found = {d for d in listeners([os.getpid()]) if d.port in ports}
        assert {d.port for d in found} == ports
        assert {d.port for d in found if d.open} == {world.getsockname()[1]}


def test_during_a_launch_ray_listens_on_the_loopback_address_alone(place: Place) -> None:
    launch = place.write(sweep("network", FIXED, {"seed": {"count": 2}})).start("--ray")
    seen = watched(launch)
    for one in sorted(seen):
        print(*one)
    assert launch.code == 0, launch.err
    assert {"raylet", "gcs_server"} <= {d.program for d in seen}
    assert not [d for d in seen if d.open]
    assert not listeners(p.pid for p in launch.processes()), "and afterwards nobody listens any more"


def test_the_pages_of_mlflow_listen_on_the_loopback_address_alone(place: Place) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place.program.with_database(place.folder)
    pages = place.program.start(place.folder, "ui", "--port", port, fresh=True)

    def listening() -> set[Listener]:
        return listeners(p.pid for p in pages.processes())

    until(lambda: int(port) in {d.port for d in listening()}, "MLflow's pages", 240)
    assert not [d for d in listening() if d.open]
