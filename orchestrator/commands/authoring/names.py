"""Which names sweep files of a folder may use: `sweep list`, `sweep schema`, `sweep keys` and `sweep doctor`."""

import os
from pathlib import Path

from orchestrator import hidden
from orchestrator.spec.kinds import Named, named
from tracking.common.errors import Refused
from tracking.common.named_files.user_files import NONE, UserFiles


def files_at(where: str | None) -> UserFiles:
    """The files of a folder, or beside a sweep file; none without a path. Raises Refused where nothing is there."""
    if where is None:
        return NONE
    path = Path(where)
    if not path.exists():
        raise Refused(f"{where}: no such file or folder; give a sweep file, or the folder that it lies in")
    return UserFiles.of_folder(path) if path.is_dir() else UserFiles.beside(path)


def own(files: UserFiles) -> list[Named]:
    """The names that this program does not bring, and those of its own that exist more than once."""
    with files.active():
        return [one for one in named() if one.problem or not one.place.shipped]


def hiding(folder: str = ".") -> list[Path]:
    """What lies in a folder under the name of one of this program's packages, which a notebook there would import."""
    here = Path(os.path.abspath(folder))
    inside = (path for name in hidden.PACKAGES for path in (here / f"{name}.py", here / name / "__init__.py"))
    return [path for path in inside if path.is_file() and here.resolve() != hidden.HERE]
