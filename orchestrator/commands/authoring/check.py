"""`sweep check`: a file that is found by name, put to the test of the contract of its kind."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.commands.authoring.new import FOLDERS
from orchestrator.spec.dotted_keys import nested, put
from orchestrator.spec.yaml_source import scalar
from tracking.common.errors import Refused
from tracking.common.named_files.contract import Check
from tracking.common.named_files.user_files import UserFiles

CLAIMS = "claims"


def _new(file: Path) -> str:
    """The command that writes this file."""
    kind = next((kind for kind, folder in FOLDERS.items() if folder == file.absolute().parent.name), "net")
    return shlex.join(("sweep", "new", kind, file.stem, "--folder", str(file.parent.parent)))


def check(file: Path, given: Sequence[str]) -> Iterator[Check]:
    """Each part of the contract, as it is tested. given: "key=value" of its Settings, for those without a default.

    Raises Refused where there is no such file, and where it does not lie in a folder of a kind.
    """
    from tracking.verdicts import contract as of_claims
    from workers import contract

    folder, name = file.absolute().parent.name, file.stem
    if not file.is_file():
        raise Refused(f"there is no file '{file}'; `{_new(file)}` writes one")
    if folder not in (*contract.KINDS, CLAIMS):
        known = ", ".join(sorted([*contract.KINDS, CLAIMS]))
        raise Refused(f"'{file}' lies in the folder '{folder}', and a file that can be checked in one of: {known}")
    if name.startswith("_"):
        raise Refused(f"'{file}' cannot be named by a sweep, for its underscore; check the file that imports it")
    settings = _settings(given)
    with UserFiles.of_folder(file.absolute().parent.parent).active():
        yield from of_claims.checks(name, settings) if folder == CLAIMS else contract.checks(folder, name, settings)


def _settings(given: Sequence[str]) -> dict[str, object]:
    found = nested({})
    for one in given:
        key, equals, value = one.partition("=")
        if not key or not equals:
            raise Refused(f"--set: expected key=value, got '{one}'; as in --set hidden=8")
        put(found, key, scalar(value))
    return dict(found)
