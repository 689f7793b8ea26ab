"""Changes a manifest on the disk as nobody should: a test's way to records of other data or another program."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracking.records import layout
from tracking.records.files.storage import sha256
from tracking.records.manifests import manifest_json
from tracking.records.provenance import DataUsed


def data(file: Path, digest: str) -> None:
    """Lets all of its commits have seen other data."""
    manifest = manifest_json.of_bytes(file.read_bytes(), layout.manifest(file.parent.name))
    provenances = tuple(replace(p, data=DataUsed(digest)) for p in manifest.provenances)
    file.write_bytes(manifest_json.to_bytes(replace(manifest, provenances=provenances)))


def text(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Changes its JSON in place, and its checksum with it."""
    inner = json.loads(json.loads(file.read_bytes())["manifest"])
    change(inner)
    whole = json.dumps(inner, sort_keys=True)
    file.write_text(json.dumps({"sha256": sha256(whole.encode()), "manifest": whole}))
