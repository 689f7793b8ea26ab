"""What is wrong with this machine or cluster, each finding with its remedy. Nothing is changed but for probe files."""

import base64
import http.client
import json
import os
import shutil
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestrator.commands.authoring import names
from orchestrator.execution import preflight
from orchestrator.results import mlflow_mirror
from tracking.common import versions
from tracking.common.errors import Refused, Unusable
from tracking.common.hide_passwords import hide, public
from tracking.common.named_files.user_files import UserFiles
from tracking.common.text import count_of
from tracking.mirror.examine import examine as examine_database
from tracking.mirror.tracking_uri import check, check_place, database
from tracking.records import layout
from tracking.records.command_lines import syncs
from tracking.records.files.storage import Files
from tracking.records.store import Store
from workers.plugins import DATASETS

MIN_FREE = 2 * 2**30  # bytes: records of a sweep are megabytes, its checkpoints and Ray's logs can be a gigabyte
ANSWER_S = 5.0
LOGIN = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
REFUSALS = {401: LOGIN, 403: f"{LOGIN}; and is the name in this address among the server's --allowed-hosts?"}
DEAD = "start it, or look at the address; sweeps run without it, and afterwards {syncs} catches up"
S3 = "look at AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION; does the bucket exist?"


@dataclass(frozen=True)
class Finding:
    """One check. A note is something slower or missing that nothing depends on; a problem stops sweeps."""

    name: str
    state: Literal["ok", "note", "problem"]
    found: str
    remedy: str = ""


def examine(store: str, tracking_uri: str | None, address: str | None) -> Iterator[Finding]:
    """Every check, one after the other, as it is done. A check that itself fails is a problem, too."""
    checks: list[Callable[[], Finding]] = [
        packages,
        kernels,
        gpu,
        lambda: records(store),
        lambda: disk(store),
        lambda: tracking(store, tracking_uri),
        secret,
        own_files,
        *(lambda name=name: data(name) for name in DATASETS.shipped()),
    ]
    for examined in checks:
        yield examined()
    if address:
        yield from ray(address, store)


def packages() -> Finding:
    """Whether the installed versions are those that this project asks for."""
    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in versions.program().requirements]
    wrong = []
    for requirement in (r for r in wanted if not r.marker or r.marker.evaluate({"extra": ""})):
        version = versions.of([requirement.name]).get(requirement.name, "")
        if not version or not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version or 'missing'}, not {requirement.specifier or 'there'}")
    mine = preflight.about()
    if wrong:
        return Finding("packages", "problem", "; ".join(wrong), "`make setup`, or pip install with constraints.txt")
    return Finding("packages", "ok", ", ".join(f"{name} {mine[name]}" for name in ("python", *preflight.PACKAGES)))


def kernels() -> Finding:
    """Whether the compiled kernels can be used; without them a CPU trains a few times slower. A library that is there
    and does not fit its sources is a problem: an edit was not built, or a build failed."""
    from workers.engines.cpu import library

    if unusable := library.unusable():
        found = "; ".join(f"{name} {why}" for name, why in unusable.items())
        return Finding("kernels", "problem", found, library.BUILD)
    state: Literal["ok", "note"] = "ok" if library.available() else "note"
    return Finding("kernels", state, library.reason(), "" if state == "ok" else "apt install g++, then `make setup`")


def gpu() -> Finding:
    """The GPU and its memory; a problem where there is one that PyTorch cannot use."""
    from workers.runtime import device, provenance

    if device.best() == "cuda":
        free = device.free_bytes() or 0
        return Finding("GPU", "ok", f"{provenance.of('cuda').device}, {free / 2**30:.1f} GiB free")
    if Path("/dev/nvidia0").exists():
        remedy = "install PyTorch for CUDA and look at `nvidia-smi`: driver and PyTorch must fit"
        return Finding("GPU", "problem", "there is an NVIDIA GPU that PyTorch cannot use", remedy)
    return Finding("GPU", "ok", f"none; bundles run on {count_of(os.cpu_count() or 1, 'processor')}")


def records(root: str) -> Finding:
    """Whether the store can be written, and a name always means one whole file: written, replaced, renamed, deleted."""
    try:
        files = Files(root)
        new = files.local and not Path(files.root).exists()
        _exercise(files)
        if new:
            Path(files.root).rmdir()
    except (OSError, ValueError) as error:
        remedy = "make the folder writable, or give another --store" if "://" not in root else S3
        return Finding("store", "problem", f"'{root}' cannot be used: {error}", remedy)
    return Finding("store", "ok", f"'{files.root}': written, replaced, renamed, read back and deleted")


def _exercise(files: Files) -> None:
    name = layout.probe(uuid.uuid4().hex)
    left = [name, layout.set_aside(name)]
    try:
        for content in (b"first", b"second, which is longer"):
            files.write(name, content)
            _expect(files.read(name), content)
        _expect(b"".join(n.encode() for n in files.names(layout.PROBES, name)), name.encode())
        files.set_aside(name)
        _expect(files.read(left[1]), content)
    finally:
        files.delete(left)
        if files.local:
            with suppress(OSError):  # a probe of another process is in it
                Path(files.path(layout.PROBES)).rmdir()
    _expect(b"".join(n.encode() for n in files.names(layout.PROBES, name)), b"")


def _expect(found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise OSError(f"{wanted!r} was written and {found!r} read back")


def disk(root: str) -> Finding:
    """Room for records and for Ray's logs."""
    store = Path(root.removeprefix("file://")).absolute() if "://" not in root or root.startswith("file://") else None
    places = {"/tmp": Path("/tmp"), **({root: store} if store else {})}
    free = {name: shutil.disk_usage(_nearest(path)).free for name, path in places.items()}
    found = ", ".join(f"{n / 2**30:.1f} GiB free at {name}" for name, n in free.items())
    if min(free.values()) < MIN_FREE:
        return Finding("disk", "problem", found, f"make room: at least {MIN_FREE / 2**30:.0f} GiB, or another --store")
    return Finding("disk", "ok", found)


def _nearest(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


def tracking(root: str, given: str | None) -> Finding:
    """Whether MLflow can be reached, lets us in, and is of our version."""
    try:
        uri = mlflow_mirror.uri(Store(root), given)
        check(uri)
    except (OSError, ValueError) as error:
        return Finding("MLflow", "problem", str(error), "look at --tracking-uri and MLFLOW_TRACKING_URI")
    path = database(uri)
    if uri.startswith(("http://", "https://")):
        return _server(uri, Store(root))
    if path is None:
        shows = f"{syncs(Store(root).files, '--tracking-uri', public(uri))} shows whether it can be used"
        return Finding("MLflow", "note", "a database without a server is not looked at", shows)
    return _database(path, Store(root), *(("--tracking-uri", uri) if given else ()))


def _database(path: Path, store: Store, *words: str) -> Finding:
    """words: what `sweep sync` is given to write to this database."""
    try:
        check_place(path)
    except Refused as error:
        return Finding("MLflow", "problem", str(error))
    if not path.exists():
        return Finding("MLflow", "ok", f"{path} will be made by the first launch")
    try:
        found = examine_database(path, store, *words)
    except Unusable as error:
        return Finding("MLflow", "problem", str(error))
    if found:
        return Finding("MLflow", "note" if found.works else "problem", found.text, found.remedy)
    return Finding("MLflow", "ok", f"{path} is whole, and of the installed MLflow's schema")


def _server(uri: str, store: Store) -> Finding:
    shown = public(uri)
    try:
        version = _ask(f"{uri}/version")
        _ask(f"{uri}/api/2.0/mlflow/experiments/search", {"max_results": 1})
    except urllib.error.HTTPError as error:
        remedy = REFUSALS.get(error.code, "look at the server's log")
        return Finding("MLflow", "problem", f"{shown} answers: {hide(str(error), uri)}", remedy)
    except (OSError, ValueError, http.client.HTTPException) as error:
        remedy = DEAD.format(syncs=syncs(store.files, "--tracking-uri", shown))
        return Finding("MLflow", "problem", f"{shown} does not answer: {hide(str(error), uri)}", remedy)
    ours = versions.of(["mlflow"]).get("mlflow", "not installed")
    if version.split(".")[:2] != ours.split(".")[:2]:
        remedy = "install the same minor version here and there"
        return Finding("MLflow", "note", f"{shown} is MLflow {version}, this is {ours}", remedy)
    return Finding("MLflow", "ok", f"{shown}, MLflow {version}")


def _ask(address: str, body: dict[str, int] | None = None) -> str:
    """What the server answers. Raises OSError, of which HTTPError is one."""
    headers = {"Content-Type": "application/json"}
    user, password = (os.environ.get(f"MLFLOW_TRACKING_{what}") for what in ("USERNAME", "PASSWORD"))
    if user and password:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    elif given := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        headers["Authorization"] = f"Bearer {given}"
    request = urllib.request.Request(address, json.dumps(body).encode() if body else None, headers)
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        content: bytes = answer.read(10_000)
    return content.decode()


def secret() -> Finding:
    """Who has Ray's token may run code as this user."""
    given = os.environ.get("RAY_AUTH_TOKEN_PATH")
    path = Path(given) if given else preflight.token_file()
    if not path.is_file():
        return Finding("token", "ok", "no token file; a launch on this machine makes a token of its own")
    if path.stat().st_mode & 0o077:
        return Finding("token", "problem", f"others on this machine can read {path}", f"chmod 600 {path}")
    return Finding("token", "ok", f"{path}, for this user alone")


def own_files(folder: str = ".") -> Finding:
    """The files of a folder that its sweeps may name, and those of installed packages; none of them is run."""
    if hidden := names.hiding(folder):
        found = "; ".join(f"{path} hides a package of this program" for path in hidden)
        return Finding("own files", "problem", found, "rename it: a notebook or script that starts there finds it")
    try:
        own = names.own(UserFiles.of_folder(Path(folder)))
    except Refused as error:
        return Finding("own files", "problem", str(error), "make the file readable")
    if wrong := list(dict.fromkeys(one.problem for one in own if one.problem)):
        return Finding("own files", "problem", "; ".join(wrong), "sweeps that do not name it are not affected")
    found = ", ".join(f"{one.kind.what} {one.name}" for one in own)
    return Finding("own files", "ok", found or "none in this folder and in installed packages")


def data(name: str) -> Finding:
    """Whether a data set is on this machine."""
    place = DATASETS.load(name).where()
    if place:
        return Finding(f"data: {name}", "ok", place)
    remedy = "the first launch that needs it fetches it, where there is a network; or set SWEEP_DATA to its folder"
    return Finding(f"data: {name}", "note", "not on this machine", remedy)


def ray(address: str, root: str) -> Iterator[Finding]:
    """Whether a cluster lets us in, and every node can do the work."""
    remedy = "look at --address and RAY_AUTH_TOKEN"
    try:
        preflight.check_address(address)
        from orchestrator.cluster import connect, nodes

        with connect.attached(address):
            found = nodes.survey(preflight.about)
    except (OSError, ValueError) as error:
        yield Finding("Ray", "problem", str(error), remedy)
        return
    for node in found:
        offers = ", ".join(f"{node.resources.get(kind, 0):g} {kind}" for kind in ("CPU", "GPU"))
        wrong = preflight.problems(preflight.about(), [node])
        small = [line for line in wrong if line.startswith("no node has")]
        state: Literal["ok", "problem"] = "problem" if len(wrong) > len(small) else "ok"
        yield Finding(f"node {node.name}", state, "; ".join([offers, *wrong]) if state == "problem" else offers)
    too_small = [line for line in preflight.problems(preflight.about(), found) if line.startswith("no node has")]
    state = "problem" if too_small else "ok"
    yield Finding("Ray", state, too_small[0] if too_small else f"{address}, {count_of(len(found), 'node')}", "")
