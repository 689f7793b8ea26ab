"""The variant of a sweep: its name with what changes it, as "fig2@laptop", "fig2@epochs=5@seeds=10".

Results, the report and the experiment in MLflow belong to a variant, so that a debug run replaces nothing of the whole
one. Records belong to trials, and variants share those that they have in common: `fig2@seeds=10` trains only the seeds
that `fig2` has not trained.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from tracking.common.errors import BadSweep

SAFE = "=,.@+[]{}: "  # besides letters, digits and _ - ~ : a variant is the name of a folder, too
LONGEST = 120  # characters
SEEDS = "seeds"  # the key of the number of seeds in a variant; no setting has this name
_FILE = re.compile(r"(?P<file>.*?\.ya?ml|[^@]*)(?:@(?P<changes>.*))?", re.DOTALL)


class Changes(NamedTuple):
    """What changes a sweep file: a profile, then overrides ("key=value"), then the number of seeds."""

    profile: str | None = None
    overrides: tuple[str, ...] = ()
    seeds: int | None = None

    def arguments(self) -> tuple[str, ...]:
        """As options of a command."""
        profile = ("--profile", self.profile) if self.profile else ()
        seeds = ("--seeds", str(self.seeds)) if self.seeds is not None else ()
        return (*profile, *(part for override in self.overrides for part in ("--set", override)), *seeds)


def variant(name: str, changes: Changes) -> str:
    """A sweep's name with what changes it; overrides in the order of their keys, the last of a key alone.

    What a folder's name cannot hold is quoted as in a URL; what is too long ends in a digest.
    """
    last = {override.partition("=")[0]: override for override in changes.overrides}
    if changes.seeds is not None:
        last[SEEDS] = f"{SEEDS}={changes.seeds}"
    whole = "@".join([name, *([changes.profile] if changes.profile else []), *(last[key] for key in sorted(last))])
    quoted = quote(whole, safe=SAFE)
    if len(quoted) <= LONGEST:
        return quoted
    return f"{quoted[: LONGEST - 13]}~{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def split(
    text: str, profile: str | None = None, overrides: Sequence[str] = (), seeds: int | None = None
) -> tuple[str, Changes]:
    """A sweep file or name and its changes, from a text such as "mine.yaml@laptop@epochs=5" and from options.

    Raises BadSweep where both name a profile or a number of seeds, and for a number of seeds that is none.
    """
    found = _FILE.fullmatch(text)
    given = found["changes"] if found else None
    if not found or given is None:
        return text, Changes(profile, tuple(overrides), seeds)
    first, *more = (unquote(part) for part in _parts(given))
    named = None if "=" in first else first
    sets = more if named is not None else [first, *more]
    counts = [one.partition("=")[2] for one in sets if one.startswith(f"{SEEDS}=")]
    if (named and profile) or (counts and seeds is not None):
        raise BadSweep(
            [f"'{text}' names {'a profile' if named and profile else 'seeds'}, and so does an option; keep one"]
        )
    if counts and not (counts[-1].isdecimal() and int(counts[-1])):
        raise BadSweep([f"'{text}': expected a number of seeds, at least 1, got '{counts[-1]}'; as in @seeds=10"])
    others = tuple(one for one in sets if not one.startswith(f"{SEEDS}="))
    return found["file"], Changes(named or profile, (*others, *overrides), int(counts[-1]) if counts else seeds)


def _parts(given: str) -> list[str]:
    """The changes between the signs @; one in the value of an override belongs to the value."""
    parts: list[str] = []
    for part in given.split("@"):
        if parts and "=" not in part:
            parts[-1] += f"@{part}"
        else:
            parts.append(part)
    return parts
