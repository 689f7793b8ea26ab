"""The variant of a sweep: its name with the profile and the overrides that change it, as "fig2@laptop@epochs=5".

Results, the report and the experiment in MLflow belong to a variant, so that a debug run replaces nothing of the whole
one. Records belong to trials, and variants share those that they have in common.
"""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

SAFE = "=,.@+[]{}: "  # besides letters, digits and _ - ~ : a variant is the name of a folder, too
LONGEST = 120  # characters


def variant(name: str, profile: str | None, overrides: Sequence[str]) -> str:
    """A sweep's name with what changes it; overrides in the order of their keys, the last of a key alone.

    What a folder's name cannot hold is quoted as in a URL; what is too long ends in a digest.
    """
    last = {override.partition("=")[0]: override for override in overrides}
    whole = "@".join([name, *([profile] if profile else []), *(last[key] for key in sorted(last))])
    quoted = quote(whole, safe=SAFE)
    if len(quoted) <= LONGEST:
        return quoted
    return f"{quoted[: LONGEST - 13]}~{hashlib.sha256(whole.encode()).hexdigest()[:12]}"
