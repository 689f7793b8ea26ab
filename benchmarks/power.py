"""How often each claim about means holds where it is true: simulated rows by effect and number of seeds.

    python -m benchmarks.power [--draws 200] [--jobs 2] [CLAIM ...]

Writes benchmarks/results/power.json and the table in benchmarks/README.md. The effect is in standard deviations over
the seeds; by 0 of them the statement is just not true, and "holds" is an error (`calibration.py` says more about that).
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration import normal
from tests.support.made_up.claim_effects import EFFECTS, Effect
from tests.support.made_up.claim_lines import Noise
from tests.support.made_up.claim_rows import claim

SEEDS = (3, 5, 10)
SIZES = (0, 1, 2, 4)
HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results" / "power.json", HERE / "README.md"
START, END = "<!-- power -->\n", "<!-- end of power -->\n"


def share(effect: Effect, seeds: int, size: float, noise: Noise, draws: int) -> float:
    """The share of draws of which the claim says that it holds."""
    judge = claim(effect.claim, **effect.fields).judge
    return sum(judge(effect.line(seeds, noise, size)).word == "holds" for _ in range(draws)) / draws


def simulated(draws: int, place: int) -> dict[str, Any]:
    """One claim: the share of "holds" by number of seeds and effect."""
    effect = EFFECTS[place]
    shares = {
        str(n): [share(effect, n, size, normal(np.random.default_rng((place, n, size))), draws) for size in SIZES]
        for n in SEEDS
    }
    return {"claim": effect.claim, "what": effect.what, "holds": shares}


def table(found: dict[str, Any]) -> str:
    """The results as Markdown."""
    heads = " | ".join(f"{n} seeds: {', '.join(map(str, SIZES))}" for n in SEEDS)
    lines = [
        f"| `{one['claim']}` | {one['what']} | "
        + " | ".join(", ".join(f"{100 * v:.0f}" for v in one["holds"][str(n)]) for n in SEEDS) + " |"
        for one in found["cases"]
    ]  # fmt: skip
    head = f"| claim | the effect | {heads} |\n|---|---|{'--:|' * len(SEEDS)}"
    return f"\n{found['draws']} draws each.\n\n" + "\n".join([head, *lines]) + "\n\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help="those to simulate; all if absent")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    kept = {one["claim"]: one for one in json.loads(RESULTS.read_text())["cases"]} if asked.claims else {}
    chosen = [i for i, one in enumerate(EFFECTS) if not asked.claims or one.claim in asked.claims]
    with ProcessPoolExecutor(asked.jobs) as pool:
        new = {one["claim"]: one for one in pool.map(partial(simulated, asked.draws), chosen)}
    found = {"draws": asked.draws, "cases": [(kept | new)[one.claim] for one in EFFECTS]}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(START)
    PAGE.write_text(before + START + table(found) + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
