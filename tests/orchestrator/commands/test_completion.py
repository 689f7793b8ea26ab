"""What bash completes, through the script that `sweep --install-completion` installs and bash's own variables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli import app
from tests.support.bad_sweeps import GOOD
from tests.support.checkout import ROOT

PRESS_TAB = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_sweep
printf '%s\\n' "${COMPREPLY[@]}"
"""
SWEEP = f"""#!{sys.executable}
from orchestrator.cli import main
main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's folder: a sweep with a profile of its own, a sweep that cannot be read, a net, a folder of sweeps."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "width.yaml").write_text(f"{GOOD}\nprofiles:\n  overnight: {{fixed: {{epochs: 9}}}}\n")
    (folder / "torn.yaml").write_text("profiles: [")
    (folder / "more").mkdir()
    (folder / "more/depth.yaml").write_text(GOOD)
    (folder / "runs/sweeps").mkdir(parents=True)
    for variant in ("saved@overnight", "demo"):
        (folder / "runs/sweeps" / f"{variant}.json").touch()
    (folder / "nets").mkdir()
    (folder / "nets/mine.py").write_text("")
    (folder / "completion.bash").write_text(app.generate_completion(shell="bash"))
    (folder / "sweep").write_text(SWEEP)
    (folder / "sweep").chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["launch", "fi"], {"fig1", "fig2", "fig3", "fig4", "fig5", "fig5_noise", "fig6", "fig7"}),
        (["launch", "wi"], {"width.yaml"}),
        (["launch", "more/"], {"more/depth.yaml"}),
        (["launch", "fig2", "--profile", ""], {"cpu", "debug", "laptop", "to_128"}),
        (["status", "width.yaml", "--profile", ""], {"overnight"}),
        (["status", "torn.yaml", "--profile", ""], set()),
        (["check", "nets/m"], {"nets/mine.py"}),
        (["new", "op"], {"optimizer"}),
        (["rm", ""], {"saved@overnight", "demo"}),
        (["status", "sav"], {"saved@overnight"}),
    ],
    ids=lambda given: " ".join(sorted(given) if isinstance(given, set) else given),
)
def test_the_shell_completes(folder: Path, words: list[str], expected: set[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", PRESS_TAB, "bash", "completion.bash", "./sweep", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) == expected, done.stderr
