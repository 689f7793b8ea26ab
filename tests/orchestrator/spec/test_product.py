"""Combinations of axes under many conditions: what is found for each is what a search of all of them would find."""

import itertools
import random
import time

from orchestrator.spec.grids.grid import Axis, Condition, Grid
from orchestrator.spec.grids.product import Product

SIZES = {"a": 40, "b": 25, "seed": 10}


def grid(rules: int) -> Grid:
    """10,000 combinations, and as many exclusions of one or two values each as are asked for."""
    rng = random.Random(0)
    exclude = []
    for i in range(rules):
        keys = rng.sample(list(SIZES), 2)
        exclude.append(Condition(("exclude", i), {key: rng.randrange(SIZES[key]) for key in keys}))
    axes = {name: Axis([*range(size)], ("vary", name), [*range(size)]) for name, size in SIZES.items()}
    return Grid((), {"c": 1}, axes, [], {}, exclude)


def seconds(rules: int) -> float:
    start = time.process_time()
    assert sum(1 for _ in Product(grid(rules)))
    return time.process_time() - start


def test_what_is_left_is_what_no_rule_matches() -> None:
    given = grid(60)
    rules = [condition.settings for condition in given.exclude]
    combinations = (dict(zip(SIZES, at, strict=True)) for at in itertools.product(*map(range, SIZES.values())))
    left = [c for c in combinations if not any(all(c[k] == v for k, v in rule.items()) for rule in rules)]
    assert list(Product(given)) == left and 0 < len(left) < 10_000


def test_thousands_of_exclusions_cost_about_what_a_few_do() -> None:
    """Searching a list of 3,000 for each combination takes hundreds of times as long as one of 10."""
    few = min(seconds(10) for _ in range(3))
    assert min(seconds(1000) for _ in range(3)) < 20 * few


def test_rules_that_match_nothing_are_named() -> None:
    given = grid(0)
    when = {"b": Condition(("when", "b"), {"a": 0})}
    never, always = Condition(("exclude", 0), {"a": 1, "b": 2}), Condition(("exclude", 1), {"a": 0, "b": 2})
    product = Product(Grid((), given.fixed, given.axes, [], when, [never, always]))
    left = list(product)
    assert len(left) == 39 * 10 + 24 * 10
    assert product.unused() == [never]
