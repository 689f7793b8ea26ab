"""Prints the sweeps and the names of files that there are: tables for people, one JSON object for programs."""

import json

from orchestrator.commands.authoring.names import own
from orchestrator.spec.kinds import named
from orchestrator.spec.load import read, shipped_names
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out
from orchestrator.terminal.tables import table
from tracking.common.named_files.user_files import UserFiles


def show(files: UserFiles) -> None:
    """The shipped sweeps, and the files of others that sweeps of a folder may name."""
    found = [read(name) for name in shipped_names()]
    table("", ["sweep", "title", "profiles"], [(s.name, s.title, ", ".join(sorted(s.profiles))) for s in found])
    if more := own(files):
        lines = [(one.kind.what, one.name, one.problem or one.about, str(one.place.path)) for one in more]
        say("")
        table(f"besides, for sweeps in {files.folder}", ["kind", "name", "what it is", "file"], lines)


def as_json(files: UserFiles) -> None:
    """The shipped sweeps, and every name with its file."""
    found = [read(name) for name in shipped_names()]
    sweeps = [{"name": s.name, "title": s.title, "profiles": sorted(s.profiles)} for s in found]
    with files.active():
        names = [
            {"kind": one.kind.what, "name": one.name, "about": one.about, "file": str(one.place.path),
             "by": one.place.by, "problem": one.problem}
            for one in named()
        ]  # fmt: skip
    out(json.dumps({"sweeps": sweeps, "names": names}))
