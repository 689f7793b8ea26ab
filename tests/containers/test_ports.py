"""What listens while a sweep runs on this machine: Ray's processes, all on the loopback address."""

import os
import socket
import sys

import pytest

from tests.support.launching.launches import Launch, Place, sweep
from tests.support.launching.listeners import Listener, listeners
from tests.support.launching.waiting import until

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's tables of sockets"),
]
FIXED = {"data": {"name": "digits", "train_size": 200}, "net": {"name": "convnet", "width": 4}, "epochs": 60}


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
