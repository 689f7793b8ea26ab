"""docs/reference/claims.md says of every claim what it tests, when it holds, what it needs and how often it errs.

The page is made from the claim files, from their cases and from the committed calibration:

    SWEEP_WRITE_DOCS=1 pytest tests/tracking/verdicts/test_claims_page.py
"""

import json
import math
import os
from pathlib import Path
from typing import Any

from benchmarks import power
from benchmarks.calibration import ALLOWED, MANY, RESULTS, SEEDS
from orchestrator.spec import load
from tests.support.made_up.claim_cases import CASES, Case
from tests.support.made_up.claim_rows import claim, judged
from tracking.verdicts.claim import CLAIMS, Claim
from tracking.verdicts.gate import least_seeds

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/claims.md"

HEAD = """# Claims: what each tests, when it holds, and how often it errs

A claim gives one of three verdicts: `holds`, `fails`, or `not enough data`. Its settings are in [keys](keys.md#claims).

- Every line (the trials that differ only in their seed and along x) is judged by itself; all must hold.
- A claim about means compares 95 % intervals over seeds with a bound. It holds if the whole interval is on its side of
  the bound, fails if the whole interval is on the other side, and there is not enough data if it contains the bound.
- A claim about every trial needs no interval: one trial that contradicts it makes it fail.
- All planned seeds must have finished, unless `at_least` says how many are enough. A diverged trial, or a value that is
  infinite or undefined, never lets a claim hold.
- However many cells, points along x and lines a claim compares, "holds" and "fails" are each wrong in at most 5 %.
  It holds only if every comparison does, so that nothing has to be divided (intersection-union test). Of many
  comparisons one fails by chance sooner or later: of k in all, each fails only by its interval at 1 - 5 %/k
  (Bonferroni; the criterion of a verdict says which that is). Where one of several candidates must do (a peak somewhere
  near the threshold), it is the other way round: each holds only at its share of the 5 %.
- Several claims on one sweep are several tests: nothing is corrected for their number.

The rows: *statement* and *criterion* are written from settings, here those of the first case in which the tests require
that the claim holds; *seeds* is what every cell needs; *also open where* is what else leaves it open; *errs* is the
share of "holds" in simulated data of 2, 3, 5 and 10 seeds for which the statement is just not true (0 for claims about
every trial), and that of "fails" of 8 lines of which it is just true; *finds* is the share of "holds" with 3, 5 and 10
seeds where the statement is true by 2 and by 4 standard deviations over the seeds, see
[benchmarks](../../benchmarks/README.md#calibration-of-claims).

"""


def page() -> str:
    return HEAD + "".join(section(name) for name in CLAIMS.names()) + shipped()


def section(name: str) -> str:
    case = next(c for c in CASES if c.claim == name and c.verdict == "holds")
    one = claim(name, **case.fields)
    rows = {
        "statement": one.tested(),
        "criterion": cell(one.criterion()),
        "seeds": str(least_seeds(one, one.needs(frozenset(case.trials[0].settings)))),
        "also open where": missing(name),
        "errs": errs(name),
        "finds": finds(name),
    }
    lines = "".join(f"| {key} | {text} |\n" for key, text in rows.items() if text)
    return f"## {name}\n\n{CLAIMS.about(name)}\n\n| | |\n|---|---|\n{lines}\n"


def missing(name: str) -> str:
    """What the cases lack that are open."""
    found = [judged(c.trials, name, **c.fields).evidence.get("not_enough") for c in CASES if is_open(c, name)]
    return "; ".join(
        dict.fromkeys(str(one) for one in found if one and one != "a cell has fewer seeds than are needed")
    )


def is_open(case: Case, name: str) -> bool:
    return case.claim == name and case.verdict == "not enough data"


def errs(name: str) -> str:
    """The largest share over the boundary cases of a claim: of "holds" for each number of seeds, and of "fails"."""
    cases = [c for c in json.loads(RESULTS.read_text())["cases"] if c["claim"] == name]
    holds = ", ".join(f"{max(c['normal'][str(n)] for c in cases):.1%}" for n in (*SEEDS, MANY))
    fails = [c["fails"] for c in cases if c["fails"] is not None]
    return f"holds {holds}" + (f"; fails {max(fails):.1%}" if fails else "")


def finds(name: str) -> str:
    """The shares of "holds" for effects of 2 and 4 standard deviations; nothing of a claim about every trial."""
    of = {one["claim"]: one["holds"] for one in json.loads(power.RESULTS.read_text())["cases"]}
    said = []
    for size in (2, 4) if name in of else ():
        shares = [of[name][str(n)][power.SIZES.index(size)] for n in power.SEEDS]
        said.append(f"by {size} standard deviations {', '.join(f'{one:.0%}' for one in shares)}")
    return "; ".join(said)


def shipped() -> str:
    """The claims of the shipped sweeps."""
    lines = [
        f"| {name} | {one.label or one.name} | `{one.name}` | {said(one)} | {cell(one.criterion())} |\n"
        for name in load.shipped_names()
        for one in load.read(name).claims
    ]
    head = (
        "## Claims of the shipped sweeps\n\n| sweep | label | file | statement | criterion |\n|---|---|---|---|---|\n"
    )
    return head + "".join(lines)


def cell(text: str) -> str:
    """Of a table: a bar would begin the next cell."""
    return text.replace("|", r"\|")


def said(one: Claim) -> str:
    return one.statement or one.tested()


def test_the_page_of_claims_is_what_the_files_say() -> None:
    if os.environ.get("SWEEP_WRITE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()


def test_every_claim_has_a_calibration_within_what_is_allowed() -> None:
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    assert {case["claim"] for case in found["cases"]} == set(CLAIMS.names())
    assert found["draws"] >= 1000
    chance = 3 * math.sqrt(ALLOWED * (1 - ALLOWED) / found["draws"])  # three standard errors
    assert [c for c in found["cases"] if max(*c["normal"].values(), c["fails"] or 0) > ALLOWED + chance] == []
