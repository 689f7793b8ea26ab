"""The code of users that a sweep runs, so that it can be compared between machines: files beside it, and packages."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from tracking.common.errors import BadPlugin
from tracking.common.named_files import lookup
from tracking.common.named_files.installed import Installed, installed
from tracking.common.named_files.lookup import Place
from tracking.common.named_files.user_files import NONE, UserFiles


@dataclass(frozen=True)
class UserCode:
    """files: those beside a sweep. modules: those of them that are imported. packages: installed ones that are used."""

    files: UserFiles
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @staticmethod
    def loaded(files: UserFiles) -> "UserCode":
        """What has been imported in this process: after a sweep was expanded, all that its trials name."""
        modules = sorted(name for name in sys.modules if name.startswith(f"{files.package}."))
        return UserCode(files, tuple(modules), tuple(p.package for p in installed() if p.package in sys.modules))

    def about(self) -> dict[str, str]:
        """By what it is called in messages: the digest of the files that are imported, or why one cannot be, and
        version and digest of each package."""
        here = {one.package: one for one in installed()}
        known = {f"package {name}": _version(here.get(name)) for name in self.packages}
        return {**known, **({"the code beside the sweep": self._imported()} if self.modules else {})}

    def _imported(self) -> str:
        try:
            for name in self.modules:
                inner = name.split(".")[1:]
                lookup.imported("module", ".".join(inner), Place(Path(self.files.folder, *inner), name, "beside"))
        except BadPlugin as error:
            return str(error)
        return self.files.digest


NO_CODE = UserCode(NONE)


def _version(package: Installed | None) -> str:
    """Version and digest of the files of a package; "not installed" where it is none of these."""
    if package is None:
        return "not installed"
    total = hashlib.sha256()
    for root in package.folders:
        for path in sorted(root.rglob("*.py")):
            total.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return f"{package.distribution} ({total.hexdigest()[:12]})"
