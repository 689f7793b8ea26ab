"""What a store and a mirror hold, read by code of its own: the files and the database, and nothing of the program.

Two stores are the same when every trial has the same settings, the same outcome and the same rows, bit by bit; which
files, bundles and times they came from does not matter.
"""

import hashlib
import io
import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ENDED = ("finished", "diverged", "failed", "cancelled")
Key = tuple[int, str, str, str]  # step, split, measure, layer


@dataclass
class Held:
    """What is recorded of one trial. Values as hexadecimal floats. weights: "" where none are kept."""

    outcome: tuple[str, int, str]
    settings: str
    rows: Counter[tuple[Key, str]]
    weights: str = ""

    def lines(self, trial: str) -> list[str]:
        """Canonical text."""
        return [
            f"{trial} {self.outcome} {self.settings} {self.weights}",
            *(f"{trial} {key} {n}" for key, n in sorted(self.rows.items())),
        ]


def manifests(root: Path) -> list[dict[str, Any]]:
    """Every manifest, whole by its checksum."""
    out = []
    for path in sorted(root.glob("records/*/manifest.json")):
        outer = json.loads(path.read_bytes())
        assert hashlib.sha256(outer["manifest"].encode()).hexdigest() == outer["sha256"], path
        out.append(json.loads(outer["manifest"]))
    return out


def held(root: Path) -> dict[str, Held]:
    """All trials, by id. A trial in several bundles must have ended in at most one of them, or the same in all."""
    found: dict[str, Held] = {}
    for manifest in manifests(root):
        for trial, one in _bundle(root, manifest).items():
            other = found.get(trial)
            if other and _ended(one) and _ended(other):
                found[trial] = _with_measured_later(other, one, trial)
            elif not other or _rank(one) > _rank(other):
                found[trial] = one
    return found


def _with_measured_later(one: Held, other: Held, trial: str) -> Held:
    """Two bundles that hold a trial hold different measures of it, or the same rows; one has its weights."""
    assert one.outcome == other.outcome, f"{trial} ended twice, differently"
    settings, others = json.loads(one.settings), json.loads(other.settings)
    if "measure" in settings:
        settings["measure"] = sorted({*settings["measure"], *others["measure"]})
    both = json.dumps(settings, sort_keys=True)
    return Held(one.outcome, both, one.rows | other.rows, one.weights or other.weights)


def _ended(one: Held) -> bool:
    return one.outcome[0] in ENDED and one.outcome[0] != "failed"


def _rank(one: Held) -> tuple[int, int]:
    """A result before a failure before unfinished work, then the further one."""
    return (2 if _ended(one) else int(one.outcome[0] == "failed"), one.outcome[1])


def _bundle(root: Path, manifest: dict[str, Any]) -> dict[str, Held]:
    out = {t["id"]: Held((t["state"], t["step"], t["reason"]), json.dumps(t["settings"], sort_keys=True), Counter())
           for t in manifest["trials"]}  # fmt: skip
    for segment in manifest["segments"]:
        content = (root / segment["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == segment["sha256"], segment["name"]
        for r in pq.read_table(io.BytesIO(content)).to_pylist():
            key = (r["step"], r["split"], r["measure"], r["layer"])
            out[r["trial"]].rows[key, float(r["value"]).hex()] += 1
    for trial, weights in _weights(root, manifest).items():
        out[trial].weights = weights
    return out


def _weights(root: Path, manifest: dict[str, Any]) -> dict[str, str]:
    """Of each trial: where it stands by itself in the file (launching/misbehaving.py), else a digest of its own row of
    every tensor."""
    entries = manifest.get("weights", [])
    assert len(entries) <= 1, "one file a bundle"
    for entry in entries:
        content = (root / entry["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["name"]
        return json.loads(content) if content.startswith(b"{") else _networks(content)
    return {}


def _networks(content: bytes) -> dict[str, str]:
    """Of each trial of a safetensors file, a digest of its network: the length of a header, the header, the numbers."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    trials = json.loads(header.pop("__metadata__")["trials"])
    digests = {trial: hashlib.sha256() for trial in trials}
    for name, about in sorted(header.items()):
        first, end = about["data_offsets"]
        length = (end - first) // len(trials)
        for i, digest in enumerate(digests.values()):
            place = start + first + i * length
            digest.update(f"{name} {about['dtype']} {about['shape'][1:]}".encode() + content[place : place + length])
    return {trial: digest.hexdigest() for trial, digest in digests.items()}


def dump(root: Path) -> bytes:
    """Everything recorded, canonically: equal bytes, equal records."""
    return "\n".join(line for trial, one in sorted(held(root).items()) for line in one.lines(trial)).encode()


@dataclass
class Difference:
    """How one store differs from another that nothing has disturbed. `wrong` counts trials by what is wrong."""

    rows: int = 0
    lost: int = 0
    duplicated: int = 0
    different: int = 0
    outcomes: int = 0
    examples: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.duplicated or self.different or self.outcomes)


def compare(root: Path, undisturbed: Path) -> Difference:
    """Row by row."""
    mine, theirs, out = held(root), held(undisturbed), Difference()
    for trial in sorted(mine.keys() | theirs.keys()):
        nothing = Held(("missing", -1, ""), "", Counter())
        one, other = mine.get(trial, nothing), theirs.get(trial, nothing)
        mine_is, theirs_is = ((of.outcome, of.settings, of.weights) for of in (one, other))
        if mine_is != theirs_is:
            out.outcomes += 1
            out.examples.append(f"{trial}: {mine_is}, undisturbed {theirs_is}")
        _compare_rows(trial, one.rows, other.rows, out)
    return out


def part_of(root: Path, undisturbed: Path) -> bool:
    """Whether all that is recorded is recorded there, too: what is there after a crash is that of some commit."""
    theirs = held(undisturbed)
    return all(
        one.rows <= theirs[id].rows and one.settings == theirs[id].settings and one.weights in ("", theirs[id].weights)
        for id, one in held(root).items()
    )


def _compare_rows(
    trial: str, mine: Counter[tuple[Key, str]], theirs: Counter[tuple[Key, str]], out: Difference
) -> None:
    keys, wanted = Counter[Key](), Counter[Key]()
    for (key, _), n in mine.items():
        keys[key] += n
    for (key, _), n in theirs.items():
        wanted[key] += n
    out.rows += sum(wanted.values())
    out.lost += sum((wanted - keys).values())
    out.duplicated += sum((keys - wanted).values())
    changed = {key for key, _ in mine.keys() - theirs.keys()} & wanted.keys()
    out.different += len(changed)
    out.examples += [f"{trial} {key}" for key in sorted(changed)[:2]]


def leftovers(root: Path) -> list[str]:
    """Files that have no business in a store whose trials have all ended, and leases that nobody released."""
    named = {
        entry["name"]
        for manifest in manifests(root)
        for part in ("segments", "weights")
        for entry in manifest.get(part, [])
    }
    files = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and "mlflow" not in p.name]
    ours = (".parquet", ".safetensors")
    out = [f for f in files if f.endswith((".tmp", ".new", ".bin")) or (f.endswith(ours) and _stray(f, named))]
    leases = sorted(root.glob("leases/*.json"))
    return out + [str(p.relative_to(root)) for p in leases if not p.read_bytes().startswith(b"-000000000001\n")]


# Every file that a store may hold once all of its launches have ended, besides those that manifests name.
KNOWN = re.compile(
    r"records/[0-9a-f]+/manifest\.json|leases/[0-9]{6}\.json|sweeps/[^/]+\.json|code/[0-9a-f]+\.(zip|py)"
    r"|figures/[^/]+/[^/]+\.(parquet|csv|json|html|png|svg|pdf)|mlflow\.db(\.lock|-wal|-shm|-journal)?|mlartifacts/.*"
)


def unnamed(root: Path) -> list[str]:
    """Files of a store that are of no kind that a store keeps: parts of files, progress of launches that have ended."""
    files = (str(p.relative_to(root)) for p in sorted(root.rglob("*")) if p.is_file())
    return [f for f in files if not KNOWN.fullmatch(f) and not f.endswith((".parquet", ".safetensors", ".bin"))]


def _stray(name: str, named: set[str]) -> bool:
    return name.startswith(("records/", "weights/")) and name not in named


def contents(root: Path) -> dict[str, str]:
    """A digest of every file of a store, without MLflow's, and the times of none."""
    files = (p for p in sorted(root.rglob("*")) if p.is_file() and "mlflow" not in p.name)
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


OWN = (
    "mlflow.parentRunId",
    "mlflow.sweep.mirrored",
    "mlflow.user",
    "mlflow.sweep.files",
)  # depend on MLflow's own random ids


def mirrored(database: Path) -> dict[str, list[Any]]:
    """What MLflow's SQLite file shows: runs by the trial's id ("" for the sweep's own), all their numbers and words."""
    with closing(sqlite3.connect(database)) as db:
        runs = db.execute(
            "select run_uuid, name, status, start_time, end_time from runs where lifecycle_stage='active'"
        )
        out: dict[str, list[Any]] = {}
        for run, *about in runs.fetchall():
            tags = dict(db.execute("select key, value from tags where run_uuid=?", (run,)))
            params = dict(db.execute("select key, value from params where run_uuid=?", (run,)))
            query = "select key, step, value, timestamp, is_nan from metrics where run_uuid=? order by 1, 2, 3, 4"
            metrics = db.execute(query, (run,)).fetchall()
            shown = {k: v for k, v in tags.items() if k not in OWN}
            out.setdefault(tags.get("sweep.trial_id", ""), []).append((about, params, shown, metrics))
    return {trial: sorted(found, key=repr) for trial, found in out.items()}


def wrong_runs(database: Path, rebuilt: Path) -> list[str]:
    """Trials whose runs are not those of a mirror that was made in one go from the same records."""
    mine, theirs = mirrored(database), mirrored(rebuilt)
    ids = [id for id in sorted(mine.keys() | theirs.keys()) if mine.get(id) != theirs.get(id)]
    return [f"{id or 'the sweep'}: {_how(mine.get(id, []), theirs.get(id, []))}" for id in ids]


def _how(mine: list[Any], theirs: list[Any]) -> str:
    """In words: how many runs, or what of the run is not in the other."""
    if len(mine) != len(theirs):
        return f"{len(mine)} runs and not {len(theirs)}"
    names = ("name, status, start, end", "params", "tags", "metrics")
    return "; ".join(
        f"{name}: {_only(a, b)} and not {_only(b, a)}"
        for run, other in zip(mine, theirs, strict=True)
        for name, a, b in zip(names, run, other, strict=True)
        if a != b
    )


def _only(one: Any, other: Any) -> list[Any]:
    items = list(one.items()) if isinstance(one, dict) else list(one)
    return [item for item in items if item not in (list(other.items()) if isinstance(other, dict) else list(other))][:5]
