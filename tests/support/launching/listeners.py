"""The sockets at which processes listen, as Linux's /proc tells of them."""

import ipaddress
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LISTEN = {
    "tcp": "0A",
    "tcp6": "0A",
    "udp": "07",
    "udp6": "07",
}  # the kernel's numbers of states


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
