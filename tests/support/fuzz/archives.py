"""Changes of an archive of `sweep pack`: of its bytes, of its members, of its index, of a file with a right index."""

import hashlib
import io
import json
import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from tests.support.fuzz import json_trees, stores

INDEX = "sweep.json"
NAMES = (
    "../outside/file",
    "/tmp/outside",
    "records/../../outside/file",
    "leases/000001.json",
    "records/x/y.parquet.1.2.tmp",
)
KINDS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE)
Members = list[tuple[tarfile.TarInfo, bytes]]


def change(archive: Path, changed: Path, folder: Path, chance: random.Random) -> tuple[str, bool]:
    """Writes a changed archive; returns what was changed, in words, and whether all checksums were made to fit.
    folder: for the files of the archive while one is changed."""
    what, forged = chance.choice(WAYS)(archive, changed, folder, chance)
    return f"{archive.name}: {what}", forged


def _bytes(archive: Path, changed: Path, folder: Path, chance: random.Random) -> tuple[str, bool]:
    content = bytearray(archive.read_bytes())
    how = chance.choice(["flipped", "cut", "empty", "doubled", "random", "compressed"])
    if how == "flipped":
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    made = {
        "cut": content[: chance.randrange(len(content))], "empty": b"", "doubled": content * 2,
        "random": chance.randbytes(2000),
    }  # fmt: skip
    changed.write_bytes(bytes(made.get(how, content)))
    if how == "compressed":
        with tarfile.open(changed, "w:gz") as out:
            out.add(archive, arcname=INDEX)
    return how, False


def _members(archive: Path, changed: Path, folder: Path, chance: random.Random) -> tuple[str, bool]:
    """A member dropped, doubled, renamed, moved, of another kind, or with another size in its header."""
    members = _read(archive)
    number = chance.randrange(len(members))
    info, content = members[number]
    how = chance.choice(["dropped", "doubled", "renamed", "moved", "another kind", "empty", "foreign"])
    if how == "dropped":
        del members[number]
    if how == "doubled":
        members.append((info, chance.choice([content, b"other"])))
    if how == "renamed":
        info.name = chance.choice((*NAMES, info.name + "x", "a" * 300, "figures/\x1b[2J/x.png"))
    if how == "moved":
        chance.shuffle(members)
    if how == "another kind":
        info.type, info.linkname = chance.choice(KINDS), chance.choice(("../outside/file", INDEX, "/etc/passwd"))
    if how == "empty":
        members[number] = info, b""
    if how == "foreign":
        members.append((tarfile.TarInfo(chance.choice((*NAMES, "notes.txt"))), b"foreign"))
    _write(changed, members)
    return f"{info.name[:60]!r} {how}", False


def _index(archive: Path, changed: Path, folder: Path, chance: random.Random) -> tuple[str, bool]:
    members = _read(archive)
    tree, what = json_trees.changed(json.loads(members[0][1]), chance)
    members[0] = members[0][0], json_trees.text(tree).encode("utf-8", "surrogatepass")
    _write(changed, members)
    return f"index{what}", False


def _file(archive: Path, changed: Path, folder: Path, chance: random.Random) -> tuple[str, bool]:
    """One file changed as in a store, and the index made to fit."""
    shutil.rmtree(folder, ignore_errors=True)
    members = _read(archive)
    index = json.loads(members[0][1])
    for info, content in members[1:]:
        (folder / info.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / info.name).write_bytes(content)
    what = stores.change_content(folder, chance)
    made: Members = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        made.append((tarfile.TarInfo(str(path.relative_to(folder))), content))
        index["files"][made[-1][0].name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    _write(changed, [(members[0][0], json.dumps(index).encode()), *made])
    shutil.rmtree(folder)
    return what, True


def _read(archive: Path) -> Members:
    with tarfile.open(archive) as file:
        return [(info, file.extractfile(info).read()) for info in file.getmembers()]  # type: ignore[union-attr]


def _write(archive: Path, members: Members) -> None:
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as file:
        for info, content in members:
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


WAYS: tuple[Callable[[Path, Path, Path, random.Random], tuple[str, bool]], ...] = (
    _bytes, _members, _members, _index, _index, _file, _file, _file, _file,
)  # fmt: skip
