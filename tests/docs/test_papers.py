"""docs/papers.md says of every shipped sweep of a paper what its file says: question, source, claims, differences."""

import os

from orchestrator.spec import load
from orchestrator.spec.sweep import Sweep
from tests.support.checkout import ROOT
from tracking.common.program import shipped_sweeps

PAGE = ROOT / "docs" / "papers.md"
HEAD = """# After the memo: papers as sweeps

Sweeps that ask the questions of other papers, with what these say as claims that can fail. `sweep list --topic papers`
lists them. Launch one with `sweep launch NAME`; `--profile laptop` takes minutes on two cores, with CIFAR-10 images
unless its data are others, `--profile debug` seconds, on digits. Without a profile a sweep is the paper's protocol as
far as it is known; each section ends with where it differs. Verdicts and pictures of those whose laptop profile has
been run are in [results](results/README.md); of the others only the debug profiles have, which decide nothing.

`tests/docs/test_papers.py` writes this page from the sweep files.
"""


def section(sweep: Sweep) -> str:
    claims = "".join(f"| {one.label} | {one.statement or one.tested()} | `{one.name}` |\n" for one in sweep.claims)
    return (
        f"\n## {sweep.name}: {sweep.title[0].lower()}{sweep.title[1:]}\n\n{sweep.source}.\n\n"
        f"    sweep launch {sweep.name} --profile laptop\n\n"
        f"| label | claim | file |\n|---|---|---|\n{claims}\n{sweep.notes.strip()}\n"
    )


def page() -> str:
    found = [name for name, path in shipped_sweeps().items() if path.parent.name == "papers"]
    return HEAD + "".join(section(load.read(name)) for name in sorted(found))


def test_the_page_of_papers_is_what_the_sweeps_say() -> None:
    if os.environ.get("SWEEP_WRITE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
