"""docs/papers.md is a gallery of the sweeps of papers: of each its question, a picture, verdicts, time, differences.

What was asked comes from the sweep files, what was found from docs/results, as far as a laptop profile is published.
"""

import json
import os

from orchestrator.spec import load
from orchestrator.spec.sweep import Sweep
from tests.support.checkout import ROOT
from tests.support.published.entries import Entry, index
from tests.support.published.page import counted
from tracking.common.program_sources import shipped_sweeps
from tracking.common.text import duration
from tracking.records import layout

PAGE = ROOT / "docs" / "papers.md"
QUESTIONS = {
    "deep_linear": "Which solution does gradient descent find in a deep linear network, and what are its layers like?",
    "double_descent": "Does the test error fall, rise and fall again as networks grow, and does noise raise the peak?",
    "edge_of_stability": "How sharp does the training loss become under gradient descent with a fixed learning rate?",
    "grokking": "Can a network generalise long after it has fitted its training set?",
    "hidden_units": "What happens to the test error, and to norms, when a two-layer network gets more hidden units?",
    "linear_relation": "Does the training risk of the normalised network tell its test risk?",
    "margins": "Does the margin go on growing once all training examples are classified correctly?",
    "measures": "Which measures of complexity rank networks by their generalisation gap?",
    "rate_and_batch": "How must the learning rate change with the batch size?",
    "rethinking": "Can networks fit labels and images that mean nothing, and does regularisation prevent it?",
    "sharpness": "Do small batches end in flatter minima, and do flatter minima generalise better?",
}
HEAD = """# After the memo: papers as sweeps

Sweeps that ask the questions of other papers, with what these say as claims that can fail. `sweep list --topic papers`
lists them. Launch one with `sweep launch NAME`; `--profile laptop` takes minutes on two cores, with CIFAR-10 images
unless its data are others, `--profile debug` seconds, on digits. Without a profile a sweep is the paper's protocol as
far as it is known; each section says where it differs. Verdicts, times and pictures are those of the laptop profiles in
[results](results/README.md), where every figure and every criterion is. A claim that fails stays failed.

`tests/docs/test_papers.py` writes this page from the sweep files and the published results.
"""


def published(name: str) -> Entry | None:
    """The laptop profile of a sweep in docs/results, if it is there."""
    found = (one for one in index().sweeps if (one.sweep, one.profile) == (name, "laptop"))
    return next((one for one in found if (one.folder / layout.CLAIMS).exists()), None)


def judged(entry: Entry | None) -> list[dict[str, str]]:
    """The verdicts that are kept beside the rows, in the order of the sweep file."""
    return json.loads((entry.folder / layout.CLAIMS).read_text()) if entry else []


def overview(names: list[str]) -> str:
    lines = []
    for name in names:
        entry = published(name)
        said = counted(verdict["verdict"] for verdict in judged(entry)) or "not run yet"
        lines.append(f"| [{name}](#{name}) | {QUESTIONS[name]} | {said} | {duration(entry.seconds) if entry else ''} |")
    return "\n| sweep | question | claims | time |\n|---|---|---|--:|\n" + "\n".join(lines) + "\n"


def section(sweep: Sweep) -> str:
    entry = published(sweep.name)
    parts = [
        f"## {sweep.name}",
        f"**{QUESTIONS[sweep.name]}** {sweep.source}.",
        f"    sweep launch {sweep.name} --profile laptop",
        _picture(sweep, entry),
        _claims(sweep, entry),
        entry.text.strip() if entry else "",
        f"*The paper, and where this differs.* {sweep.notes.strip()}",
    ]
    return "\n" + "\n\n".join(filter(None, parts)) + "\n"


def _picture(sweep: Sweep, entry: Entry | None) -> str:
    if entry is None:
        return "Only its debug profile has been run, which decides nothing."
    took = f"{duration(entry.seconds)}{f' {entry.beside}' if entry.beside else ''}"
    name = entry.picture or sorted(path.stem for path in entry.folder.glob("*.png"))[0]
    shown = f"![{sweep.title}](results/{entry.name}/{name}.png)"
    return f"{shown}\n\nMeasured: {took}. [All figures, verdicts and their criteria](results/README.md#{entry.name})."


def _claims(sweep: Sweep, entry: Entry | None) -> str:
    """A line for each claim, with its verdict and what was found."""
    if entry is None:
        lines = [f"| {one.label} | {one.statement or one.tested()} | `{one.name}` |" for one in sweep.claims]
        return "\n".join(["| label | claim | file |\n|---|---|---|", *lines])
    verdicts, claims = judged(entry), load.read(sweep.name, entry.profile, []).claims  # a profile may have fewer
    assert [(v["name"], v["label"]) for v in verdicts] == [(c.name, c.label) for c in claims], "make results"
    lines = [
        f"| {claim.label} (`{claim.name}`) | {found['verdict']} | {found['statement']} {_one_line(found['sentence'])} |"
        for claim, found in zip(claims, verdicts, strict=True)
    ]
    return "\n".join(["| claim | verdict | what it says, and what was found |\n|---|---|---|", *lines])


def _one_line(sentence: str) -> str:
    """A verdict's sentences without its criterion, which may be long, in one line."""
    return sentence.replace("\n", " ").partition(" Criterion: ")[0]


def page() -> str:
    names = sorted(name for name, path in shipped_sweeps().items() if path.parent.name == "papers")
    return HEAD + overview(names) + "".join(section(load.read(name)) for name in names)


def test_the_gallery_says_what_the_sweeps_ask_and_what_the_results_say() -> None:
    if os.environ.get("SWEEP_WRITE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
