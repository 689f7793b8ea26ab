"""What only makes a launch more convenient never fails it: caches, and messages on standard error."""

import json
from pathlib import Path

import pytest

from orchestrator.planning.estimate import Speeds
from orchestrator.planning.measured_speeds import Measured
from tests.support.launching.launches import Place, sweep
from tests.support.launching.small_disks import small_disk

SLOW = sweep("misbehaving", {"steps": 3, "pause": 0.1}, {"seed": {"count": 2}})  # long enough to be measured
MUTE = "import os, sys; os.dup2(os.open('/dev/full', os.O_WRONLY), 2); from orchestrator import cli; cli.main({})"


@pytest.mark.parametrize("cache", ["below a file", "a full disk", "damaged", "no home"])
def test_a_launch_ends_as_usual_whatever_is_wrong_with_the_cache(place: Place, cache: str) -> None:
    place.write(SLOW)
    folder = place.folder / "cache"
    environment = {"XDG_CACHE_HOME": str(folder)}
    if cache == "below a file":
        folder.write_text("")
    if cache == "damaged":
        (folder / "sweep").mkdir(parents=True)
        (folder / "sweep/estimates.json").write_text(json.dumps({"cpu": {"samples": [1], "taken": "x"}}))
    if cache == "no home":
        environment = {"XDG_CACHE_HOME": "", "HOME": "/dev/null/nobody"}
    if cache == "a full disk":
        with small_disk(folder, "4k"):
            (folder / "sweep").mkdir()
            (folder / "sweep/filler").write_bytes(b"x" * 4000)
            place.launch(**environment).ends(0)
    place.launch(**environment).ends(0)
    place.program.run(place.folder, "plan", "faults.yaml", **environment).ends(0)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"d": 5}', '{"d": {"samples": {"k": [{"factor": 0}]}}}', '{"d": {"overheads": {"": [NaN]}}}']
)
def test_damaged_speeds_are_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep/estimates.json").write_text(content)
    assert Speeds("d").known == Measured()


def test_a_launch_whose_messages_cannot_be_written_goes_on(place: Place) -> None:
    place.write(SLOW)
    done = place.program.run(place.folder, "-c", MUTE.format(["launch", "faults.yaml", "--local", "--json"]))
    assert done.code == 0 and done.result["trials"]["run"] == 2
    full = MUTE.replace(", 2);", ", 1);").format(["launch", "faults.yaml", "--local", "--json"])
    assert place.program.run(place.folder, "-c", full).ends(74).err.count("standard output") == 1
