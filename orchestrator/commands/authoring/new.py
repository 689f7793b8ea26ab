"""`sweep new`: a complete file of one kind, beside the sweeps of a folder."""

import importlib.resources
import re
from pathlib import Path

from orchestrator.spec.kinds import KINDS
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.program_sources import shipped_sweeps

FOLDERS = {
    "net": "nets", "data": "data", "loss": "losses", "measure": "measures", "perturbation": "perturbations",
    "optimizer": "optimizers", "schedule": "schedules", "claim": "claims", "sweep": "",
}  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def new(kind: str, name: str, folder: Path, like: str = "") -> Path:
    """Writes the file and returns its path. like: of a sweep, the name of a shipped one to copy.

    Raises Refused for an unknown kind, for what is no name or is taken, for a sweep to copy that is none, where there
    is no such folder, and where the file exists.
    """
    if kind not in FOLDERS:
        raise Refused(f"{unknown('kind', kind, list(FOLDERS))}; for an experiment, read docs/guides/extend.md")
    if not NAME.fullmatch(name):
        raise Refused(f"'{name}' cannot be named in a sweep file: use a letter, then at most 63 of a-z 0-9 _")
    if not folder.is_dir():
        raise Refused(f"there is no folder '{folder}'; make it, or give another with --folder")
    path = folder / FOLDERS[kind] / f"{name}.{'yaml' if kind == 'sweep' else 'py'}"
    if taken := _taken(kind, name):
        raise Refused(f"{kind} '{name}' exists, in {taken}: choose another name; `sweep list` shows all")
    if like and kind != "sweep":
        raise Refused(f"--like copies a sweep, and this is a {kind}; leave it out")
    text = _copied(like) if like else _template(f"{FOLDERS[kind] or 'sweep'}.{path.suffix[1:]}.txt")
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x") as file:
            file.write(text if like else text.replace("NAME", name))
    except FileExistsError as error:
        raise Refused(f"'{path}' is there already: choose another name") from error
    return path


def _taken(kind: str, name: str) -> str:
    """The file of this program or of an installed package that has the name; "" where there is none."""
    kinds = (known for known in KINDS if known.folder.rpartition(".")[2] == FOLDERS[kind])
    return next((str(place.path) for known in kinds for place in known.places().get(name, ())), "")


def _copied(sweep: str) -> str:
    """The file of a shipped sweep, without the line that tells editors where in this program its schema is."""
    found = shipped_sweeps()
    if sweep not in found:
        raise Refused(unknown("sweep", sweep, list(found)))
    lines = found[sweep].read_text("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("# yaml-language-server"))


def _template(name: str) -> str:
    return importlib.resources.files("orchestrator.templates").joinpath(name).read_text()
