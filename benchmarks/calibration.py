"""How often each claim errs in boundary cases: simulated rows of 2, 3, 5 and 10 seeds, and of several lines.

    python -m benchmarks.calibration [--draws 1000] [--jobs 2] [--out benchmarks/results/calibration.json] [CLAIM ...]

A criterion that says "holds" where all of a 95 % interval is on its side of a bound may say so of a boundary case in
2.5 % of the draws, and must not in more than 5 %. Nor must it say "fails", of a statement that is just true, in more
than 5 %, however many lines there are: `LINES` of them, each with the boundary case and 3 seeds. Noise is normal, as
Student's t assumes, and once skewed (exponential, of the same standard deviation), which it does not assume: that
column is for information. A claim that chose what it compares (a step, a peak, a start) by the values that it compares
would err the more, the more seeds there are: hence 10 of them, too.

With claims named, only these are simulated again, and the results of the others stay. `--table` only makes the table in
benchmarks/README.md from the results.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.made_up.claim_boundaries import BOUNDARIES, Boundary, Noise
from tests.support.made_up.claim_rows import claim
from tracking.verdicts.criterion import Word, all_of, verdict

SEEDS = (2, 3, 5)
MANY = 10
LINES = 8
ALLOWED = 0.05
HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results" / "calibration.json", HERE / "README.md"
START, END = "<!-- calibration -->\n", "<!-- end of calibration -->\n"


def share(boundary: Boundary, seeds: int, noise: Noise, draws: int, word: Word = "holds", lines: int = 1) -> float:
    """The share of draws of which the claim says that it holds, or another word, of one line or of several."""
    judge = claim(boundary.claim, **boundary.fields).judge
    found = (all_of(judge(boundary.line(seeds, noise)).criterion for _ in range(lines)) for _ in range(draws))
    return sum(verdict(criterion) == word for criterion in found) / draws


def errs_by_failing(boundary: Boundary) -> bool:
    """Whether "fails" is an error that chance can make."""
    line = boundary.line(5, lambda n: np.linspace(-1, 1, n))
    return boundary.just_true and claim(boundary.claim, **boundary.fields).judge(line).criterion.comparisons > 0


def normal(draw: np.random.Generator) -> Noise:
    return lambda n: draw.standard_normal(n)


def skewed(draw: np.random.Generator) -> Noise:
    return lambda n: draw.standard_exponential(n) - 1


def simulated(draws: int, place: int) -> dict[str, Any]:
    """One boundary case: the share of "holds" by number of seeds, and of "fails" of several lines."""
    boundary, draw, many = BOUNDARIES[place], np.random.default_rng(place), np.random.default_rng((place, MANY))
    return {
        "claim": boundary.claim,
        "truth": boundary.truth,
        "fields": dict(boundary.fields),
        "normal": {str(n): share(boundary, n, normal(many if n == MANY else draw), draws) for n in (*SEEDS, MANY)},
        "skewed": {str(n): share(boundary, n, skewed(draw), draws) for n in SEEDS},
        "fails": share(boundary, 3, normal(draw), draws, "fails", LINES) if errs_by_failing(boundary) else None,
    }


def table(cases: list[dict[str, Any]], draws: int) -> str:
    """The results as Markdown."""
    head = (
        f"| claim | what is true | 2 seeds | 3 | 5 | {MANY} | skewed noise, at most | fails, {LINES} lines |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|\n"
    )
    lines = [
        f"| `{c['claim']}` | {c['truth']} | {_shares(c['normal'])} | {max(c['skewed'].values()):.1%} "
        f"| {'' if c['fails'] is None else format(c['fails'], '.1%')} |"
        for c in cases
    ]
    return f"\n{draws:,} draws each.\n\n{head}" + "\n".join(lines) + "\n\n"


def _shares(by_seeds: dict[str, float]) -> str:
    return " | ".join(f"{by_seeds[str(n)]:.1%}" for n in (*SEEDS, MANY))


def _kept(boundary: Boundary) -> dict[str, Any]:
    """The committed results of a boundary case."""
    cases = json.loads(RESULTS.read_text())["cases"]
    return next(case for case in cases if (case["claim"], case["truth"]) == (boundary.claim, boundary.truth))


def write_table() -> None:
    """Puts the committed results into benchmarks/README.md."""
    found = json.loads(RESULTS.read_text())
    before, _, rest = PAGE.read_text().partition(START)
    PAGE.write_text(before + START + table(found["cases"], found["draws"]) + END + rest.partition(END)[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help="those to simulate; all if absent")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="only make the table in benchmarks/README.md")
    asked = parser.parse_args()
    if not asked.table:
        with ProcessPoolExecutor(asked.jobs) as pool:
            places = [i for i, one in enumerate(BOUNDARIES) if not asked.claims or one.claim in asked.claims]
            new = dict(zip(places, pool.map(partial(simulated, asked.draws), places), strict=True))
        cases = [new.get(i) or _kept(boundary) for i, boundary in enumerate(BOUNDARIES)]
        found = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "draws": asked.draws, "allowed": ALLOWED, "cases": cases}
        asked.out.write_text(json.dumps(found, indent=1) + "\n")
        for case in cases:
            print(f"{case['claim']:24} {case['normal']} {case['skewed']} {case['fails']}  {case['truth']}")
    if asked.out == RESULTS:
        write_table()


if __name__ == "__main__":
    main()
