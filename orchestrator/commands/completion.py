"""What the shell completes: sweeps, profiles of the sweep that is typed, and files of the user's own.

A completer answers each press of a key: it reads names and at most one sweep file.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tracking.common.program_sources import shipped_sweeps

if TYPE_CHECKING:
    from cyclopts.completion import CompletionContext

ENDINGS = (".yaml", ".yml")


def sweeps(context: "CompletionContext") -> dict[str, str]:
    """The shipped sweeps, those that were launched, and the sweep files and folders of the folder that is typed."""
    found = dict.fromkeys(shipped_sweeps(), "shipped")
    return {**dict.fromkeys(launched(context), "launched"), **found, **dict.fromkeys(here(context), "in this folder")}


def here(context: "CompletionContext") -> tuple[str, ...]:
    """The sweep files of the folder that is typed, and the folders in it."""
    return _below(context.incomplete, ENDINGS)


def launched(context: "CompletionContext") -> tuple[str, ...]:
    """The variants that were launched into the store of this machine that a command here uses."""
    from orchestrator.commands.store.discover import VARIABLE, nearest
    from tracking.records import layout

    store = os.environ.get(VARIABLE) or nearest(Path.cwd())
    files = Path(store, layout.SWEEPS).glob(f"*{layout.KEPT_SWEEP}") if store else ()
    return tuple(sorted(path.name.removesuffix(layout.KEPT_SWEEP) for path in files))


def profiles(context: "CompletionContext") -> tuple[str, ...]:
    """The profiles of the sweep that is typed; none where it cannot be read."""
    import yaml

    spec = context["spec"].raw or ""
    path = Path(spec) if spec.endswith(ENDINGS) else shipped_sweeps().get(spec, Path(spec))
    try:
        found = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):  # `sweep plan` says what is wrong with it
        return ()
    known = found.get("profiles") if isinstance(found, dict) else None
    return tuple(map(str, known)) if isinstance(known, dict) else ()


def own_files(context: "CompletionContext") -> tuple[str, ...]:
    """The files of the user's own that `sweep check` takes, and folders."""
    from orchestrator.commands.authoring.new import FOLDERS

    own = [
        str(Path(folder, path.name))
        for folder in filter(None, FOLDERS.values())
        for path in sorted(Path(folder).glob("[!_]*.py"))
    ]
    return tuple(dict.fromkeys((*own, *_below(context.incomplete, (".py",)))))


def kinds(context: "CompletionContext") -> tuple[str, ...]:
    """What `sweep new` writes."""
    from orchestrator.commands.authoring.new import FOLDERS

    return tuple(FOLDERS)


def _below(typed: str, endings: tuple[str, ...]) -> tuple[str, ...]:
    """The files with these endings, and the folders, of the folder that a path begins with."""
    start = typed.rpartition("/")[0] + "/" if "/" in typed else ""
    try:
        found = sorted(os.scandir(start or "."), key=lambda entry: entry.name)
    except OSError:
        return ()
    shown = [one for one in found if not one.name.startswith(".") and (one.name.endswith(endings) or one.is_dir())]
    return tuple(f"{start}{one.name}{'/' if one.is_dir() else ''}" for one in shown)
