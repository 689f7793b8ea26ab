"""The guide to data of one's own works as written, from any folder."""

import itertools
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

import sweeps
from tests.support.checkout import ROOT
from tracking.common.errors import BadSweep
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work

PAGE = (ROOT / "docs/guides/own-data.md").read_text()


def test_the_guide_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, sweep = (textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.MULTILINE))
    beside = tmp_path / "beside"
    beside.mkdir()
    with monkeypatch.context() as inside:
        inside.chdir(beside)
        exec(script, {})
    (beside / "mine.yaml").write_text(sweep)
    monkeypatch.chdir(tmp_path)
    mine = sweeps.read("beside/mine.yaml")
    with mine.files.active():
        for _, trials in itertools.groupby(
            sorted(sweeps.plan(mine).to_run, key=lambda t: t.shape), key=lambda t: t.shape
        ):
            for _ in work(Store("runs"), together([*trials]), "cpu"):
                pass
    points = sweeps.curve(mine, "error")
    assert set(points["n"]) == {2} and len(points) == 8
    content = dict(np.load(beside / "mine.npz"))
    np.savez(beside / "mine.npz", **content)
    assert sweeps.plan(sweeps.read("beside/mine.yaml")).to_run == ()
    np.savez(beside / "mine.npz", **{**content, "train_y": content["train_y"][::-1]})
    assert len(sweeps.plan(sweeps.read("beside/mine.yaml")).to_run) == 8
    np.savez(beside / "mine.npz", train_x=content["train_x"])
    line = sweep.splitlines().index("  data: {name: npz, path: mine.npz, normalize: per_channel}") + 1
    with pytest.raises(
        BadSweep, match=rf"mine\.yaml:{line}:\d+: .*mine\.npz: lacks train_y, test_x, test_y; it has train_x"
    ):
        sweeps.plan(sweeps.read("beside/mine.yaml"))
