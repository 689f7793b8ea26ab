"""A manifest comes back as it was written; an odd one is damage with the file's name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.stores import change_manifest
from tracking.common.errors import Damaged, OtherFormat
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.manifests import manifest_json
from tracking.records.manifests.manifest import FIRST_SCHEMA, FileEntry, Manifest, Observed, TrialEntry
from tracking.records.provenance import Code, DataUsed, Provenance, Spent
from tracking.records.store import Store

BEFORE = ROOT / "tests/support/recorded_before_rooms/store"
FIRST = Provenance(
    Code("c" * 40, True, "d" * 16), (("python", "3.11"), ("sweep", "0.1.0")), "NVIDIA H100", "node1", "batched",
    DataUsed("f00d", "digits"), Spent(0.5, 0.25, 60),
)  # fmt: skip
SECOND = Provenance(Code(), (("sweep", "0.1.0"),), "cpu", "launcher", data=DataUsed("f00d", "digits"))


def manifest(*provenances: Provenance) -> Manifest:
    """Of two commits, of which the last provenance computed the last."""
    trials = (
        TrialEntry("t1", "c", {"seed": 0, "net": {"width": 2}}, "finished", 0, "done", 1),
        TrialEntry("t2", "c", {"seed": 1, "net": {"width": 2}}, "running", 1),
    )
    segments = (
        FileEntry("records/b/a-0.parquet", "0" * 64, 10, 1),
        FileEntry("records/b/a-1.parquet", "1" * 64, 11, 2, ((1, 3), (2, 4)) if len(provenances) > 1 else ()),
    )
    checkpoints = (FileEntry("checkpoints/b/a-1.bin", "2" * 64, 12, 2),)
    computed_by = (0, len(provenances) - 1)
    clock = ((0, 1000), (1, 2000))
    return Manifest("b", "network", 1, trials, 500, provenances, computed_by, segments, checkpoints, clock)


@pytest.mark.parametrize("provenances", [(FIRST,), (SECOND,), (FIRST, SECOND), (Provenance(),)])
def test_it_comes_back_as_it_was_written(provenances: tuple[Provenance, ...]) -> None:
    written = manifest(*provenances)
    read = manifest_json.of_bytes(manifest_json.to_bytes(written), layout.manifest("b"))
    assert read == written
    assert [p.spent for p in read.provenances] == [p.spent for p in provenances]


def test_what_only_the_present_format_says_comes_back() -> None:
    weights = (FileEntry("weights/b/a-1.safetensors", "3" * 64, 99, 2),)
    said = replace(
        manifest(FIRST), schema=2, sources=(("measures/mine", "5" * 16), ("nets/mlp", "4" * 16)),
        observed=Observed((("error", ""), ("mine", "5" * 16)), 10), weights=weights,
    )  # fmt: skip
    read = manifest_json.of_bytes(manifest_json.to_bytes(said), layout.manifest("b"))
    assert read == said
    for observed in (Observed((("error", ""),), (1, 2, 70)), Observed((("error", ""), ("trace", "")), 1, ("trace",))):
        chosen = replace(said, observed=observed)
        assert manifest_json.of_bytes(manifest_json.to_bytes(chosen), layout.manifest("b")) == chosen
    assert read.record(read.trials[0]).sources == said.sources
    assert read.back_at(read.checkpoints[0]).weights == weights


def test_manifests_of_before_say_the_first_version_of_ids() -> None:
    files = sorted(BEFORE.glob("records/*/manifest.json"))
    assert len(files) == 6
    for file in files:
        name = layout.manifest(file.parent.name)
        read = manifest_json.of_bytes(file.read_bytes(), name)
        assert (read.schema, read.sources, read.observed, read.weights) == (FIRST_SCHEMA, (), None, ())
        assert len(read.provenances) == 1 and set(read.computed_by) == {0}
        assert manifest_json.of_bytes(manifest_json.to_bytes(read), name) == read


def test_what_trials_of_a_cell_share_is_one_object() -> None:
    read = manifest_json.of_bytes(manifest_json.to_bytes(manifest(FIRST)), layout.manifest("b"))
    one, other = (trial.settings for trial in read.trials)
    assert one["net"] is other["net"] and one["seed"] != other["seed"]


def test_of_trials_of_a_cell_one_may_lack_a_setting() -> None:
    """Of which another one says that it is not given: that is no cell of ours, and nothing to stumble over."""
    settings: tuple[dict[str, object], ...] = ({"seed": 0}, {"seed": 1, "pretrain": None})
    trials = tuple(TrialEntry(f"t{s['seed']}", "c", s, "running", 1) for s in settings)
    written = Manifest("b", "network", 1, trials, 500, (FIRST,), (0,), clock=((1, 1000),))
    read = manifest_json.of_bytes(manifest_json.to_bytes(written), layout.manifest("b"))
    assert tuple(trial.settings for trial in read.trials) == settings


def test_half_a_surrogate_in_a_reason_is_spelled_out() -> None:
    """As a file name with an undecodable byte brings it into a traceback."""
    trials = (TrialEntry("t1", "c", {}, "failed", 0, "no file 'caf\udce9'", 1),)
    written = Manifest("b", "network", 1, trials, 500, (FIRST,), (0,), clock=((0, 1000),))
    (trial,) = manifest_json.of_bytes(manifest_json.to_bytes(written), layout.manifest("b")).trials
    assert trial.reason == r"no file 'caf\udce9'"


FILE = {"sha256": "3" * 64, "bytes": 9}
ODD: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a missing key": (lambda m: m.pop("clock"), "clock"),
    "an extra key": (lambda m: m.update(mood="good"), "mood"),
    "weights elsewhere": (lambda m: m.update(weights=[{"name": "weights/c/a-0.safetensors", **FILE}]), "weights/c"),
    "weights that are no weights": (lambda m: m.update(weights=[{"name": "weights/b/a-0.bin", **FILE}]), "a-0.bin"),
    "weights of a commit that was never made": (
        lambda m: m.update(weights=[{"name": "weights/b/a-0.safetensors", **FILE, "commit": 9}]),
        "9",
    ),
    "no version of ids": (lambda m: m.pop("schema"), "schema"),
    "a version of ids that is none": (lambda m: m.update(schema=0), "schema"),
    "sources that are a list": (lambda m: m.update(sources=["nets/mlp"]), "sources"),
    "a source without a digest": (lambda m: m.update(sources={"nets/mlp": None}), "sources"),
    "an observation without a measure": (lambda m: m.update(observed={"every": 1}), "observed"),
    "an extra key of a trial": (lambda m: m["trials"][0].update(priority=1), "priority"),
    "a missing key of a trial": (lambda m: m["trials"][0].pop("settings"), "settings"),
    "an odd state": (lambda m: m["trials"][0].update(state="paused"), "state"),
    "a step that is text": (lambda m: m.update(step="1"), "step"),
    "a step that is a fraction": (lambda m: m["trials"][0].update(step=1.5), "step"),
    "settings that are a list": (lambda m: m["trials"][0].update(settings=[1]), "settings"),
    "a segment elsewhere": (lambda m: m["segments"][0].update(name="records/other/a-0.parquet"), "records/other"),
    "a segment that climbs": (lambda m: m["segments"][0].update(name="records/b/../../etc/passwd"), "passwd"),
    "an absolute segment": (lambda m: m["segments"][0].update(name="/etc/passwd.parquet"), "passwd"),
    "a segment that is no segment": (lambda m: m["segments"][0].update(name="records/b/manifest.json"), "manifest"),
    "a checkpoint that climbs": (lambda m: m["checkpoints"][0].update(name="checkpoints/b/../x.bin"), "x.bin"),
    "another bundle": (lambda m: m.update(bundle="../../b"), "bundle"),
    "a commit that was never made": (lambda m: m["segments"][0].update(commit=9), "9"),
    "a negative commit": (lambda m: m["trials"][0].update(commit=-1), "-1"),
    "a clock of one number": (lambda m: m.update(clock=[[1], [2]]), "clock"),
    "no provenance": (lambda m: m.pop("provenances"), "provenance"),
    "a provenance of another kind": (lambda m: m["provenances"][0].update(mood="good"), "mood"),
    "a key of a later format": (lambda m: m.update(format=2), "schema"),
    "no format": (lambda m: m.pop("format"), "format"),
    "a format that is text": (lambda m: m.update(format="one"), "format"),
}
ODD_2: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a provenance too few": (lambda m: m["provenances"].pop(), "provenances"),
    "a negative provenance": (lambda m: m.update(computed_by=[0, -1]), "provenances"),
    "a commit of unknown provenance": (lambda m: m["computed_by"].pop(), "commits"),
    "rows of a commit that was taken back": (lambda m: m.update(computed_by=[None, 1]), "taken back"),
}


@pytest.mark.parametrize(
    ("odd", "provenances"), [*((o, (FIRST,)) for o in ODD), *((o, (FIRST, SECOND)) for o in ODD_2)]
)
def test_an_odd_manifest_is_damage_with_its_name(tmp_path: Path, odd: str, provenances: tuple[Provenance, ...]) -> None:
    change, said = (ODD | ODD_2)[odd]
    file = tmp_path / layout.manifest("b")
    file.parent.mkdir(parents=True)
    file.write_bytes(manifest_json.to_bytes(manifest(*provenances)))
    change_manifest.text(file, change)
    store = Store(str(tmp_path))
    with pytest.raises(Damaged, match=said) as found:
        store.manifest("b")
    assert found.value.name == layout.manifest("b") and str(found.value).startswith(found.value.name)
    assert not isinstance(found.value, OtherFormat)
    assert [error.name for error in Ledger.read(store).damaged] == [found.value.name]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{}", b'{"sha256": "", "manifest": 1}', b"\xff\xfe", b"[" * 9999]
)
def test_what_is_no_manifest_at_all_is_damage(content: bytes) -> None:
    with pytest.raises(Damaged, match=r"records/b/manifest\.json"):
        manifest_json.of_bytes(content, layout.manifest("b"))
