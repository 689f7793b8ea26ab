"""The guide to a network of one's own works as written, in an empty folder, through Ray."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.launches import Program

PAGE = (ROOT / "docs/guides/own-network.md").read_text()
COMMANDS = re.findall(r"^    (sweep .*)$", PAGE, re.MULTILINE)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(600)  # two launches; each command has its own limit
def test_the_guide_can_be_followed(program: Program, tmp_path: Path) -> None:
    text, edit = (
        re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL),
        re.search(r"change `(.*?)` in `(.*?)` to `(.*?)`", PAGE),
    )
    assert text and edit
    *before, launch, plan, again = COMMANDS
    assert (launch, plan, again) == ("sweep launch first.yaml", "sweep plan first.yaml", launch)

    def run(command: str) -> str:
        done = program.run(tmp_path, *shlex.split(command)[1:], seconds=280, waits={})
        assert done.code == 0, f"{command}: {done.err}"
        return done.err

    for command in before:
        run(command)
    sweep = tmp_path / "first.yaml"
    sweep.write_text(text[1])
    assert "12 run" in run(launch)
    net = tmp_path / edit[2]
    old = net.read_text()
    net.write_text(f"# a comment\n{old}")
    assert "0 of 12 trials to run" in run(plan)
    net.write_text(old.replace(edit[1], edit[3]))
    said = run(plan)
    assert "12 of 12 trials to run" in said and edit[2] in said
    net.write_text(old)
    sweep.write_text(text[1].replace("sparse]", "sparse, distance_from_init]", 1))
    assert "0 run" in run(f"{again} --local")
