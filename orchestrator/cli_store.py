"""The verbs on a store as a whole."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from orchestrator.commands import completion
from orchestrator.commands.options import Json, Tracking, WhichStore

Variant = Annotated[str, Parameter(completer=completion.launched)]
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), help="Without asking.", negative="", show_default=False)]
Removed = Annotated[
    bool,
    Parameter(
        name="--json",
        help="Plain values on stdout, for scripts; nobody is asked, and without --yes nothing goes.",
        negative="",
        show_default=False,
    ),
]


def ls(*, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """The sweeps of a store: their trials by state, their last launch, what they take up, and their verdicts.

    Examples: `sweep ls`, `sweep ls --store old/runs`.
    """
    from orchestrator.commands.store.ls import ls

    ls(at.existing(), as_json)
    return 0


def du(*, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """What a store takes up: by kind of file, and by sweep.

    Examples: `sweep du`, `sweep du --store old/runs`.
    """
    from orchestrator.commands.store.du import du

    du(at.existing(), as_json)
    return 0


def rm(
    sweep: Variant, *more: Variant, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, yes: Yes = False,
    as_json: Removed = False,
) -> int:  # fmt: skip
    """Remove a sweep from the store: its results, its runs in MLflow, and its trials that no other sweep of the store
    names. What would go is shown first.

    Example: `sweep rm fig2@debug`.

    Parameters
    ----------
    sweep
        As `sweep ls` lists it: fig2 is not fig2@laptop.
    more
        Further sweeps to remove.
    """
    from orchestrator.commands.store.remove import rm

    rm((sweep, *more), at.existing(), tracking_uri, yes, as_json)
    return 0


def prune(
    *, at: WhichStore = WhichStore(), tracking_uri: Tracking = None, yes: Yes = False, as_json: Removed = False
) -> int:
    """Remove what no sweep of the store needs: trials that none names as it was launched last, with their runs in
    MLflow; records that others have superseded, files that no record names. What would go is shown first.

    Examples: `sweep prune`, `sweep prune --store old/runs`.
    """
    from orchestrator.commands.store.remove import prune

    prune(at.existing(), tracking_uri, yes, as_json)
    return 0


def pack(sweep: Variant, file: Path, *, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """Write a sweep to one file, from which `sweep unpack` makes the same trials, rows and verdicts on another machine.

    Example: `sweep pack fig2@laptop fig2.tar`.

    Parameters
    ----------
    sweep
        As `sweep ls` lists it.
    file
        The tar file; one that is there is replaced. It has records, trained networks, results, the sweep file and the
        Python files beside it.
    """
    from orchestrator.commands.store.archives import pack

    pack(sweep, file, at.existing(), as_json)
    return 0


def unpack(file: Path, *, at: WhichStore = WhichStore(), as_json: Json = False) -> int:
    """Put the sweep of a file of `sweep pack` into the store. Nothing in the store is replaced.

    Example: `sweep unpack fig2.tar`.

    Parameters
    ----------
    file
        The tar file. It may hold Python files, which commands on its sweep run: use those of people whom you trust.
    """
    from orchestrator.commands.store.archives import unpack

    unpack(file, at.open(), as_json)
    return 0
