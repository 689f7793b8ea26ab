"""Changes of one file of a store: of its content with a right checksum, of its bytes, of what it is.

The files are those that a launch has left, whatever they are called: kinds that are added later are changed, too.
"""

import hashlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.support.fuzz import committed, json_trees

FOREIGN = (
    ".DS_Store",
    ".nfs0000",
    "README~",
    "core",
    "٠٠٠٠٠١.json",
    "000001.json",
    "manifest.json",
    "a-0.parquet",
    "x.bin",
)
CONTENTS = (".json", *committed.WAYS)
FORGED = " with a right digest"


def change(store: Path, chance: random.Random) -> tuple[str, bool]:
    """Changes something in a store; returns what, in words, and whether its checksum was made to fit."""
    chosen = _chosen(store, chance)
    name = chosen.relative_to(store)
    what = chance.choice([w for w in WAYS if w is not _content or chosen.suffix in CONTENTS] + [_content] * 6)
    said = what(store, chosen, chance)
    return f"{name}: {said}", said.endswith(FORGED)


def change_content(store: Path, chance: random.Random) -> str:
    """Changes the content of a file; returns what, in words."""
    chosen = _chosen(store, chance)
    return f"{chosen.relative_to(store)}: {_content(store, chosen, chance)}"


def _chosen(store: Path, chance: random.Random) -> Path:
    """A file; each kind as often as any other, however many files there are of it."""
    kinds: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(p for p in store.rglob("*") if p.is_file()):
        kinds.setdefault((path.relative_to(store).parts[0], path.suffix), []).append(path)
    return chance.choice(kinds[chance.choice(sorted(kinds))])


def _content(store: Path, path: Path, chance: random.Random) -> str:
    if path.suffix in (".parquet", ".safetensors", ".bin"):
        return _committed(store, path, chance)
    if path.suffix != ".json":
        return _bytes(store, path, chance)
    content = path.read_text()
    head, _, body = content.rpartition("\n") if path.parent.name == "leases" else ("", "", content)
    try:
        outer = json.loads(body)
    except ValueError:
        return _bytes(store, path, chance)
    if "manifest" in outer and chance.random() < 0.9:
        inner, what = json_trees.changed(json.loads(outer["manifest"]), chance)
        written, what = _signed(json_trees.text(inner)), what + FORGED
    else:
        new, what = json_trees.changed(outer, chance)
        written = json_trees.text(new)
    path.write_text(f"{head}\n{written}" if head else written, "utf-8", "surrogatepass")
    return what


def _signed(inner: str) -> str:
    return json.dumps({"sha256": hashlib.sha256(inner.encode("utf-8", "surrogatepass")).hexdigest(), "manifest": inner})


def _committed(store: Path, path: Path, chance: random.Random) -> str:
    """Other rows, weights or another state, with the right digest in the manifest."""
    way = chance.choice(committed.WAYS[path.suffix])
    content = way(path.read_bytes(), chance)
    path.write_bytes(content)
    manifest = store / "records" / path.parent.name / "manifest.json"
    if manifest.exists():
        inner = json.loads(json.loads(manifest.read_text())["manifest"])
        for entry in (e for part in ("segments", "checkpoints", "weights") for e in inner.get(part, [])):
            if entry["name"].endswith(path.name):
                entry |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        manifest.write_text(_signed(json.dumps(inner, sort_keys=True)))
    return way.__name__.strip("_") + FORGED


def _bytes(store: Path, path: Path, chance: random.Random) -> str:
    """A bit flipped, cut short, empty, doubled, or random."""
    content = bytearray(path.read_bytes())
    how = chance.choice(["flipped", "cut", "empty", "doubled", "random"])
    if how == "flipped" and content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    changed = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "doubled": content * 2,
        "random": chance.randbytes(80),
    }
    path.write_bytes(bytes(changed.get(how, content)))
    return how


def _other_kind(store: Path, path: Path, chance: random.Random) -> str:
    """A link, a folder or a pipe in its place; or no such file."""
    how = chance.choice(["link", "dangling link", "link to a folder", "folder", "pipe", "gone"])
    outside = store.parent / "outside"
    path.unlink()
    if "link" in how:
        path.symlink_to({"link": outside / "file", "dangling link": outside / "none"}.get(how, outside))
    if how == "folder":
        path.mkdir()
    if how == "pipe":
        os.mkfifo(path)
    return how


def _linked_folder(store: Path, path: Path, chance: random.Random) -> str:
    above = [p for p in path.parents if store in p.parents]
    if not above:
        return _bytes(store, path, chance)
    folder = chance.choice(above)
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(chance.choice([store.parent / "outside", folder.with_name("moved")]))
    return f"its folder {folder.name} is a link"


def _foreign(store: Path, path: Path, chance: random.Random) -> str:
    folder, name = chance.choice([path.parent, *path.parent.parents[:2]]), chance.choice(FOREIGN)
    new = (store if store not in folder.parents else folder) / name
    if not new.exists() and not new.is_symlink():
        new.mkdir() if chance.random() < 0.3 else new.write_bytes(chance.randbytes(30))
    return f"{name} beside it"


WAYS: list[Callable[[Path, Path, random.Random], str]] = [_content, _bytes, _other_kind, _linked_folder, _foreign]
