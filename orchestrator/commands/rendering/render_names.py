"""Prints the sweeps and the names of files that there are: tables for people, one JSON object for programs."""

from orchestrator.commands.authoring.names import own
from orchestrator.spec.kinds import named
from orchestrator.spec.load import read
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.named_files.user_files import UserFiles
from tracking.common.program_sources import shipped_sweeps


def show(files: UserFiles, topic: str = "") -> None:
    """The shipped sweeps, and the files of others that sweeps of a folder may name. Raises Refused."""
    lines = [(of, s.name, s.title, s.source) for of, s in _shipped(topic)]
    table("", ["topic", "sweep", "title", "source"], lines)
    if more := own(files):
        lines = [(one.kind.what, one.name, one.problem or one.about, str(one.place.path)) for one in more]
        say("")
        table(f"besides, for sweeps in {files.folder}", ["kind", "name", "what it is", "file"], lines)


def as_json(files: UserFiles, topic: str = "") -> None:
    """The shipped sweeps, and every name with its file. Raises Refused."""
    sweeps = [
        {"name": s.name, "topic": of, "title": s.title, "source": s.source, "profiles": sorted(s.profiles)}
        for of, s in _shipped(topic)
    ]
    with files.active():
        names = [
            {"kind": one.kind.what, "name": one.name, "about": one.about, "file": str(one.place.path),
             "by": one.place.by, "problem": one.problem}
            for one in named()
        ]  # fmt: skip
    out_json({"sweeps": sweeps, "names": names})


def _shipped(topic: str) -> list[tuple[str, Sweep]]:
    """The shipped sweeps with their topics. Raises Refused."""
    paths = shipped_sweeps()
    topics = sorted({path.parent.name for path in paths.values()})
    if topic and topic not in topics:
        raise Refused(unknown("topic", topic, topics))
    found = [(path.parent.name, read(name)) for name, path in paths.items()]
    return sorted((pair for pair in found if topic in ("", pair[0])), key=lambda pair: (pair[0], pair[1].name))
