"""The week of docs/guides/week.md works as written: its file, its edit, its commands, the lines shown below them."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.launches import Program

PAGE = (ROOT / "docs/guides/week.md").read_text()
DAYS = ("launch", "debug", "extend", "compare", "export", "move", "prune")


@pytest.mark.slow
@pytest.mark.timeout(900)  # each command has its own limit
def test_the_week_can_be_followed(program: Program, tmp_path: Path) -> None:
    file, edit = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL), re.search(r"Change `(.*?)` to `(.*?)`", PAGE)
    days = re.findall(r"^## \w+: (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert file and edit and file[1].count(edit[1]) == 1 and tuple(name for name, _ in days) == DAYS
    for store in ("runs", "elsewhere/runs"):
        program.with_database(tmp_path, store)
    for name, text in days:
        changed = DAYS.index(name) >= DAYS.index("extend")
        (tmp_path / "week.yaml").write_text(file[1].replace(edit[1], edit[2]) if changed else file[1])
        for command, shown in re.findall(r"^    \$ sweep (.*)\n((?:    [^$\n].*\n)*)", text, re.MULTILINE):
            done = program.run(tmp_path, *shlex.split(command), seconds=200, waits={})
            said = " ".join(f"{done.out} {done.err}".split())
            assert done.code == 0, f"{command}: {said}"
            missing = [line for line in shown.splitlines() if " ".join(line.split()) not in said]
            assert shown and not missing, f"{command}: {missing} is not in {said}"
    results = tmp_path / "runs/figures"
    assert sorted(path.name for path in results.iterdir()) == [
        "week",
        "week@optimizer.learning_rate=0.05",
        "week@seeds=4",
    ]
    assert all((tmp_path / f"week.{ending}").stat().st_size for ending in ("csv", "tex", "pdf", "tar"))
