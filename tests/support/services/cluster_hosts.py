"""Several hosts on one machine: network, process, name and mount namespaces of Linux, joined by a switch of their own.

    hosts        each has one address, its own processes, name and temporary folders; the file system is shared
    kill         SIGKILL to the host's first process, and with it to all of its processes at once: a power failure
    cut, mend    the host's port of the switch goes down and up: nothing is refused, packets vanish

No packet leaves these namespaces: they have no route but to each other. Needs root on Linux.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.launching.waiting import until

BIN = Path(sys.executable).parent
COUNTER = itertools.count()
# A host's first process adopts orphans, and must let them go when they end.
FIRST = "import signal, time; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True: time.sleep(3600)"
OWN_FOLDERS = ("/tmp/ray", "/dev/shm")
PASSED_ON = ("PATH", "HOME", "LANG", "PYTHONPATH")


def missing(*programs: str) -> str:
    """Why this machine cannot run hosts with these programs; "" when it can."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    lost = [p for p in ("ip", "unshare", "nsenter", *programs) if not shutil.which(p)]
    if lost:
        return f"needs {', '.join(lost)}: `make test-cluster` installs Debian's packages"
    probe = f"sweep-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return f"no network namespaces here: {made.stderr.strip()}" if made.returncode else ""


class Host:
    """One host. `environment`: what every command on it sees besides PATH and HOME."""

    def __init__(self, network: "Network", name: str, address: str) -> None:
        self.network, self.name, self.address = network, name, address
        self.space = f"{network.prefix}-{name}"
        self.environment: dict[str, str] = {}
        self.started: list[subprocess.Popen[str]] = []
        self.log = network.folder / f"{name}.log"
        self.boot()

    def boot(self) -> None:
        """Makes the namespaces, or makes them anew after `kill`."""
        _ip("netns", "add", self.space)
        _ip("link", "add", self.port, "netns", self.network.switch, "type", "veth",
            "peer", "name", "eth0", "netns", self.space)  # fmt: skip
        _ip("-n", self.network.switch, "link", "set", self.port, "master", "switch", "up")
        _ip("-n", self.space, "address", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", self.space, "link", "set", "eth0", "up")
        _ip("-n", self.space, "link", "set", "lo", "up")
        own = " && ".join(f"mkdir -p {f} && mount -t tmpfs tmpfs {f}" for f in (*OWN_FOLDERS, *self.network.own))
        first = f"hostname {self.name} && {own} && exec {sys.executable} -c '{FIRST}'"
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--mount"]
        with self.log.open("a") as log:
            command = ["ip", "netns", "exec", self.space, *unshare, "sh", "-c", first]
            self.outer = subprocess.Popen(command, stdout=log, stderr=log)
        self.first = int(until(self._child, f"{self.name} to boot"))
        until(lambda: FIRST.split("\n")[0] in _command(self.first), f"{self.name} to boot")

    @property
    def port(self) -> str:
        """The name of its port in the switch."""
        return f"p-{self.name}"

    def _child(self) -> str:
        try:
            return Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().strip()
        except FileNotFoundError:
            return ""

    def _enter(self, command: tuple[str, ...], more: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        inherited = {k: v for k, v in os.environ.items() if k in PASSED_ON}
        inherited["PATH"] = f"{BIN}:{inherited['PATH']}"
        into = ["nsenter", "--target", str(self.first), "--net", "--pid", "--uts", "--mount"]
        into += [f"--wd={self.network.folder}", "--"]
        return [*into, *command], {**inherited, **self.environment, **more}

    def start(self, *command: str, **environment: str) -> "subprocess.Popen[str]":
        """Starts a command in the background; what it says goes to the host's log."""
        entered, env = self._enter(command, environment)
        with self.log.open("a") as log:
            process = subprocess.Popen(entered, env=env, stdout=log, stderr=log, text=True, cwd=self.network.folder)
        self.started.append(process)
        return process

    def run(self, *command: str, timeout: float = 120, check: bool = True, **environment: str) -> str:
        """Runs a command and returns what it printed. Raises AssertionError with its output when it fails."""
        done = self._done(command, timeout, environment)
        assert done.returncode == 0 or not check, f"{self.name}: {' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def said(self, *command: str, code: int, timeout: float = 120, **environment: str) -> str:
        """Runs a command that must end with this exit code; what it printed, on stderr, too."""
        done = self._done(command, timeout, environment)
        assert done.returncode == code, f"{self.name}: {' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _done(
        self, command: tuple[str, ...], timeout: float, environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        entered, env = self._enter(command, environment)
        return subprocess.run(
            entered, env=env, capture_output=True, text=True, timeout=timeout, check=False, cwd=self.network.folder
        )

    def listeners(self) -> dict[str, set[str]]:
        """Who listens on this host: program -> the addresses at which it does, without ports."""
        found: dict[str, set[str]] = {}
        for line in self.run("ss", "--no-header", "--listening", "--tcp", "--numeric", "--processes").splitlines():
            _, _, _, local, _, *owner = line.split(maxsplit=5)
            program = owner[0].split('"')[1] if owner else "?"
            found.setdefault(program, set()).add(local.rpartition(":")[0].strip("[]").removeprefix("::ffff:"))
        return found

    def answers(self, port: int) -> bool:
        """Whether something listens at this port of its address, as seen by the host itself."""
        probe = f"import socket; socket.create_connection(('{self.address}', {port}), 2).close()"
        entered, env = self._enter((sys.executable, "-c", probe), {})
        return subprocess.run(entered, env=env, capture_output=True, check=False).returncode == 0

    def kill(self) -> None:
        """SIGKILL to every process at once; the host's address vanishes with them."""
        os.kill(self.first, signal.SIGKILL)
        for process in (self.outer, *self.started):
            process.wait()
        _ip("-n", self.network.switch, "link", "del", self.port)
        _ip("netns", "del", self.space)

    def cut(self) -> None:
        """From now on every packet from and to it is lost."""
        _ip("-n", self.network.switch, "link", "set", self.port, "down")

    def mend(self) -> None:
        """Undoes `cut`."""
        _ip("-n", self.network.switch, "link", "set", self.port, "up")


class Network:
    """A switch and its hosts, all gone when the block ends. `own`: more folders of which each host has its own."""

    def __init__(self, folder: Path, own: tuple[str, ...] = ()) -> None:
        self.folder, self.own = folder, own
        self.prefix = f"sweep-{os.getpid()}-{next(COUNTER)}"
        self.switch = f"{self.prefix}-switch"
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> "Network":
        _ip("netns", "add", self.switch)
        _ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", self.switch, "link", "set", "switch", "up")
        return self

    def host(self, name: str, number: int) -> Host:
        """A host at 10.77.0.<number>."""
        self.hosts[name] = Host(self, name, f"10.77.0.{number}")
        return self.hosts[name]

    def __exit__(self, *error: object) -> None:
        for host in self.hosts.values():
            if host.outer.poll() is None:
                host.kill()
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        for space in (line.split()[0] for line in listed.splitlines() if line.startswith(f"{self.prefix}-")):
            _ip("netns", "del", space)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""
