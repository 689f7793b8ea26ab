"""Checks before a launch on a cluster whether its nodes can run bundles, within seconds.

Imports no Ray: `orchestrator.cluster.nodes` asks the nodes; what they are asked, and what is wrong with their answers,
is here.
"""

import functools
import os
import platform
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracking.common import program_sources, versions
from tracking.common.errors import Refused
from tracking.common.named_files.user_code import NO_CODE, UserCode
from tracking.records import layout
from tracking.records.store import Store

CONNECT_S, MAX_PORT = 5.0, 65_535
PACKAGES = ("sweep", "torch", "numpy", "ray")
SHOWN = 5  # nodes that are named in one message
TOKEN = (
    "Make one with `ray get-auth-token --generate`, start every node with RAY_AUTH_MODE=token and the same token, and "
    "set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH here; or set RAY_AUTH_MODE=disabled here where only you reach the "
    "cluster's network."
)


@dataclass(frozen=True)
class Node:
    """A machine of the cluster: its resources, what `about` returned there, or why it gave no answer."""

    name: str
    resources: Mapping[str, float]
    about: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


Survey = Callable[
    [Callable[[], dict[str, str]]], Sequence[Node]
]  # asks every node; the answer holds `authentication`, too


def about(store: Store | None = None, probe: str = "", own: UserCode = NO_CODE) -> dict[str, str]:
    """What must be the same on every node, as it is in this process; with `store`, also the content of the
    file `probe`."""
    installed = {name: version.partition("+")[0] for name, version in versions.of(PACKAGES).items()}
    python = ".".join(platform.python_version_tuple()[:2])
    probed = {"probe": _read(store, probe)} if store else {}
    return {"python": python, **installed, "code": code(), **own.about(), **probed}


def answer(look: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What a node answers: the result of `look`, and whether the node was started to ask for a token."""
    return {"authentication": os.environ.get("RAY_AUTH_MODE", "disabled"), **look()}


@functools.cache
def code() -> str:
    """Digest of this project's own code, C++ included: equal versions may still be different checkouts."""
    root = program_sources.PROGRAM
    return program_sources.digest(program_sources.sources(program_sources.PACKAGES, root), root)


def _read(store: Store, probe: str) -> str:
    try:
        return store.files.read(probe).decode()
    except OSError as error:
        return f"{type(error).__name__}: {error}"


def check_address(address: str) -> None:
    """Checks the address of a cluster before Ray is loaded, which waits minutes where nothing listens, and makes a
    token of its own where there is none.

    Raises Refused for an address of another kind or without a token, ConnectionError where nothing listens.
    """
    if "://" in address:
        what = "Ray's dashboard" if address.startswith("http") else "no address of a cluster's head"
        raise Refused(f"address '{address}' is {what}; give the address of its head, as in --address host:6379")
    host, _, port = address.rpartition(":")
    if address != "auto" and (not host or not port.isdecimal() or int(port) > MAX_PORT):
        raise Refused(f"address '{address}' is no address: give host:port, as in --address host:6379, or auto")
    if token_required() and not has_token():
        raise Refused(f"the cluster at '{address}' needs a token, and there is none here. {TOKEN}")
    if address == "auto":
        return  # which Ray looks up on this machine
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except OSError as error:
        raise ConnectionError(
            f"nothing answers at '{address}' ({error}). Start a cluster with `ray start --head`, look at the address "
            "and the network, or leave --address out to run on this machine."
        ) from error


def token_required() -> bool:
    """Whether a cluster must ask for a token; a user turns that off by RAY_AUTH_MODE=disabled."""
    return os.environ.get("RAY_AUTH_MODE", "token") != "disabled"


def has_token() -> bool:
    """Whether this user has a token, wherever Ray looks for one."""
    given = os.environ.get("RAY_AUTH_TOKEN_PATH")
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or (Path(given) if given else token_file()).is_file()


def token_file() -> Path:
    """Where Ray keeps a user's token."""
    return Path.home() / ".ray" / "auth_token"


def check(survey: Survey, store: Store, own: UserCode = NO_CODE) -> None:
    """Asks every node of a cluster. Raises Refused when bundles could not run there, saying why on which nodes."""
    probe, content = layout.probe(uuid.uuid4().hex), uuid.uuid4().hex
    store.files.write(probe, content.encode())
    try:
        nodes = survey(functools.partial(about, store, probe, own))
    finally:
        store.files.delete([probe])
    wrong = problems(about(own=own), nodes, store.root, content)
    if wrong:
        raise Refused("this cluster cannot run the sweep:\n" + "\n".join(f"- {line}" for line in wrong))


def problems(here: Mapping[str, str], nodes: Sequence[Node], root: str = "", content: str = "") -> list[str]:
    """What is wrong, with remedies: nodes that differ from `here`, that read something else than `content` in the store
    at `root`, or that ask for no token; and that no node has enough processors or GPUs for a bundle."""
    without_answer = [f"{n.name}: {_last_line(n.error)}" for n in nodes if n.error]
    found = (
        [f"{_listed(without_answer)}. Install this project there, at the same version, or use its image."]
        if without_answer
        else []
    )
    answered = [n for n in nodes if not n.error]
    for name, ours in here.items():
        other = [f"{n.name} has {n.about.get(name)}" for n in answered if n.about.get(name) != ours]
        if other:
            found.append(f"{name} is {ours} here, but {_listed(other)}. Use the same image or environment everywhere.")
    unread = [f"{n.name} ({n.about.get('probe')})" for n in answered if content and n.about.get("probe") != content]
    if unread:
        found.append(
            f"{_listed(unread)} cannot read the store '{root}'. Give a folder on a disk that every node shares, at the "
            "same path, or an object store such as s3://bucket/runs, with its credentials on every node."
        )
    without_token = [n.name for n in answered if n.about.get("authentication") == "disabled"]
    if token_required() and without_token:
        found.append(f"{_listed(without_token)} lets everybody run code: no token is asked for. {TOKEN}")
    return [*found, *_too_small(nodes)]


def _too_small(nodes: Sequence[Node]) -> list[str]:
    """A bundle takes a processor and, in a cluster that has GPUs, a GPU of the same machine."""
    needs = {"CPU": 1.0, **({"GPU": 1.0} if any(n.resources.get("GPU") for n in nodes) else {})}
    if any(all(n.resources.get(kind, 0) >= number for kind, number in needs.items()) for n in nodes):
        return []
    wanted = " and ".join(f"{number:.0f} {kind}" for kind, number in needs.items())
    offers = [f"{n.name} offers {n.resources.get('CPU', 0):g} CPU, {n.resources.get('GPU', 0):g} GPU" for n in nodes]
    return [f"no node has {wanted} for a bundle: {_listed(offers)}. Join workers with `ray start --address`."]


def _listed(lines: Sequence[str]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more


def _last_line(error: str) -> str:
    return (error.strip().splitlines() or ["no answer"])[-1]
