"""What a benchmark found as JSON, with the code, versions and machine that it was found with."""

import json
from collections.abc import Mapping
from pathlib import Path

from workers.runtime import provenance


def keep(found: Mapping[str, object], out: Path | None) -> str:
    """The text, which is written to the file `out` where one is given."""
    text = json.dumps({**found, "from": provenance.of("cpu").plain()}, indent=1)
    if out:
        out.write_text(text + "\n")
    return text
