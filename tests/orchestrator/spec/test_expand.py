"""Expansion: the product of the axes with nothing missing and nothing twice, whatever way the file is written."""

import itertools
import math
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.spec import load
from orchestrator.spec.expand import expand, varied
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import BadSweep
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

POOL: dict[str, list[Any]] = {  # values of settings of a small experiment, all of them different from the defaults
    "examples": [3, 4, 5, 7],
    "inputs": [6, 8, 9],
    "width": [2, 3, 5, 10],
    "ridge": [0.1, 0.25, 1e-3],
    "loss": ["exponential", "square"],
    "seed": [0, 1, 2, 9],
}
many = settings(max_examples=60)


def values(keys: Iterable[str]) -> st.SearchStrategy[dict[str, list[Any]]]:
    """One value or more for each of the keys."""
    return st.fixed_dictionaries({k: st.lists(st.sampled_from(POOL[k]), min_size=1, unique=True) for k in keys})


AXES = st.lists(st.sampled_from(sorted(POOL)), unique=True, max_size=4).flatmap(values)


def read(sections: dict[str, Any] | str, profile: str | None = None, *sets: str) -> Sweep:
    """A sweep of the experiment `hessian` (plain settings, any of them may vary), written to a file and read."""
    head = "title: t\nexperiment: hessian\n"
    text = sections if isinstance(sections, str) else yaml.safe_dump(sections, sort_keys=False) if sections else ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(head + text)
        return load.read(str(path), profile, sets)


def network(sections: str) -> list[Trial]:
    """The trials of a sweep of the experiment `network`."""
    head = (
        "title: t\nexperiment: network\nfixed:\n  data: {name: digits}\n  net: {name: convnet, depth: 3}\n  epochs: 2\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(head + sections)
        return expand(load.read(str(path)))


def content(trials: list[Trial], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(t.plain[k] for k in keys) for t in trials]


def ids(sweep: Sweep) -> list[str]:
    return [t.id for t in expand(sweep)]


@many
@given(AXES)
def test_the_trials_are_the_product_of_the_axes_in_its_order(axes: dict[str, list[Any]]) -> None:
    trials = expand(read({"vary": axes}))
    assert content(trials, *axes) == list(itertools.product(*axes.values()))
    assert len({t.id for t in trials}) == len(trials) == math.prod(map(len, axes.values()))


@many
@given(AXES, st.randoms(use_true_random=False))
def test_the_order_of_keys_and_values_changes_no_trial(axes: dict[str, list[Any]], rng: random.Random) -> None:
    shuffled = {k: rng.sample(axes[k], len(axes[k])) for k in rng.sample(sorted(axes), len(axes))}
    assert set(ids(read({"vary": axes}))) == set(ids(read({"vary": shuffled})))
    reordered = {k: axes[k] for k in rng.sample(sorted(axes), len(axes))}
    assert read({"vary": axes}).digest == read({"vary": reordered}).digest


@many
@given(AXES, st.data())
def test_exclude_leaves_out_what_matches_all_of_a_rule(axes: dict[str, list[Any]], data: st.DataObject) -> None:
    assume(axes)
    some = {k: st.lists(st.sampled_from(v), min_size=1, unique=True) for k, v in axes.items()}
    rule = st.lists(st.sampled_from(sorted(axes)), min_size=1, unique=True).flatmap(
        lambda keys: st.fixed_dictionaries({k: some[k] for k in keys})
    )
    rules = data.draw(st.lists(rule, max_size=3))
    wanted = [
        row
        for row in itertools.product(*axes.values())
        if not any(all(value in rule.get(k, [value]) for k, value in zip(axes, row, strict=True)) for rule in rules)
    ]
    sweep = read({"vary": axes, "exclude": rules})
    if wanted:
        assert content(expand(sweep), *axes) == wanted
    else:
        with pytest.raises(BadSweep, match="every combination is excluded"):
            expand(sweep)


@many
@given(st.integers(1, 4), st.data())
def test_zipped_axes_move_together(size: int, data: st.DataObject) -> None:
    exact = {k: data.draw(st.permutations(POOL[k])) for k in ("width", "examples", "seed")}
    axes = {k: v[:size] for k, v in exact.items()}
    trials = expand(read({"vary": {**axes, "loss": POOL["loss"]}, "zip": [["width", "seed", "examples"]]}))
    rows = list(zip(axes["width"], axes["examples"], axes["seed"], strict=True))
    assert content(trials, "width", "examples", "seed", "loss") == [(*r, loss) for r in rows for loss in POOL["loss"]]


@many
@given(
    st.sets(st.sampled_from(["examples", "inputs", "width", "seed"]), max_size=2).flatmap(
        lambda k: values([*k, "ridge"])
    )
)
def test_an_axis_with_a_condition_exists_only_where_it_holds(axes: dict[str, list[Any]]) -> None:
    axes = {**axes, "loss": ["exponential", "square"]}
    trials = expand(read({"vary": axes, "when": {"ridge": {"loss": "square"}}}))
    rest = [k for k in axes if k not in ("ridge", "loss")]
    others = math.prod(len(axes[k]) for k in rest)
    found = content(trials, "loss", "ridge")
    assert found.count(("exponential", 0.0)) == others  # the default, once
    assert all(found.count(("square", ridge)) == others for ridge in axes["ridge"])
    assert len(trials) == others * (1 + len(axes["ridge"])) == len({t.id for t in trials})


def test_conditions_follow_each_other() -> None:
    axes = {"loss": ["square", "exponential"], "width": [2, 3], "ridge": [0.1, 0.2]}
    trials = expand(read({"vary": axes, "when": {"width": {"loss": "square"}, "ridge": {"width": [3]}}}))
    assert content(trials, "loss", "width", "ridge") == [
        ("square", 2, 0.0), ("square", 3, 0.1), ("square", 3, 0.2), ("exponential", 8, 0.0)
    ]  # fmt: skip


@pytest.mark.parametrize("zero", ["0", "0.0", "-0.0", "0e3", "+0"])
@pytest.mark.parametrize("tenth", ["0.1", "1e-1", "1.0e-1", ".1", "0.10", "1E-01", "+.1", "0.1000000000000000055"])
def test_the_spelling_of_a_number_changes_no_trial(tenth: str, zero: str) -> None:
    sweep = read(f"fixed: {{width: 3}}\nvary: {{ridge: [{tenth}, {zero}, 2.0]}}\n")
    plain = read("vary: {ridge: [0.1, 0, 2]}\nfixed: {width: 3}\n")
    assert ids(sweep) == ids(plain) and sweep.digest == plain.digest


@many
@given(AXES, st.from_regex(r"[a-z]{1,8}", fullmatch=True))
def test_the_name_of_a_profile_and_where_things_are_said_change_no_trial(axes: dict[str, list[Any]], name: str) -> None:
    here = read({"vary": axes, "fixed": {} if "width" in axes else {"width": 4}})
    there = {"vary": axes, "fixed": {} if "width" in axes else {"width": 4}}
    in_profile = read({"vary": {}, "profiles": {name: there}}, name)
    assert ids(in_profile) == ids(here) and in_profile.digest == here.digest


def test_a_default_written_out_changes_no_trial() -> None:
    assert ids(read({})) == ids(read({"fixed": {"width": 8, "loss": "square"}})) == ids(read({"vary": {"seed": [0]}}))


def test_equal_trials_are_refused_unless_a_condition_makes_them_equal() -> None:
    with pytest.raises(BadSweep, match="same trial"):
        network("vary:\n  net: [{width: 16}, {batch_norm: false}]\n")
    with pytest.raises(BadSweep, match="same trial"):  # the condition on another axis does not excuse them
        network(
            "vary:\n  net: [{width: 16}, {batch_norm: false}]\n  optimizer.momentum: [0.5, 0.9]\n"
            "  data.label_noise: [0, 1]\nwhen: {optimizer.momentum: {data.label_noise: 0}}\n"
        )


def test_true_is_not_one_and_false_is_not_zero_in_a_condition() -> None:
    """Python says that they are equal; a sweep must not lose trials by it."""
    axes = "vary:\n  net.batch_norm: [true, false]\n  seed: [0, 1]\n"
    for rule, says in (
        ("net.batch_norm: 1", "1 is no value of net.batch_norm"),
        ("seed: false", "false is no value of"),
    ):
        with pytest.raises(BadSweep, match=says):
            network(f"{axes}exclude: [{{{rule}}}]\n")
    assert len(network(axes + "exclude: [{seed: 0.0}]\n")) == 2


def test_an_item_of_mappings_is_merged_into_the_settings_and_a_list_is_one_value() -> None:
    trials = network("vary:\n  net: [{width: 2}, {width: [2, 3, 4], batch_norm: true}]\n")
    assert [(t.plain["net"]["width"], t.plain["net"]["batch_norm"]) for t in trials] == [(2, False), ([2, 3, 4], True)]
    assert all(t.plain["net"]["depth"] == 3 for t in trials)


def test_a_condition_on_a_list_means_the_list_or_one_of_its_values() -> None:
    axes = "vary:\n  net.width: [8, [2, 3, 4], 5]\n"
    assert [t.plain["net"]["width"] for t in network(axes + "exclude: [{net.width: [2, 3, 4]}]\n")] == [8, 5]
    assert [t.plain["net"]["width"] for t in network(axes + "exclude: [{net.width: [8, [2, 3, 4]]}]\n")] == [5]


def test_varied_names_what_differs() -> None:
    sweep = read({"vary": {"width": [2, 3], "seed": {"count": 2}}})
    assert varied(sweep) == ["width", "seed"]


def test_a_product_that_is_too_large_is_refused_before_it_is_made() -> None:
    sweep = read({"vary": {"width": {"count": 1000, "start": 1}, "seed": {"count": 100_000}}})
    with pytest.raises(BadSweep, match=r"100,000,000 trials.*width 1000 x seed 100000"):
        expand(sweep)
    few = read({"vary": {"width": {"count": 10, "start": 1}}})
    assert len(expand(few, max_trials=10)) == 10
    with pytest.raises(BadSweep, match="at most 9"):
        expand(few, max_trials=9)


NETWORK = {"data": {"name": "digits"}, "net": {"name": "convnet", "depth": 2}, "epochs": 1}
SETTINGS: dict[str, dict[str, Any]] = {"network": NETWORK, "landscape": {**NETWORK, "optimizer": {"name": "gd"}}}


@pytest.mark.parametrize("experiment", EXPERIMENTS.names())
@pytest.mark.parametrize("seed", [1, 2**62])
def test_a_trial_with_another_seed_is_the_one_that_is_validated_whole(experiment: str, seed: int) -> None:
    settings = SETTINGS.get(experiment, {})
    one, whole = Trial.of(experiment, settings).with_seed(seed), Trial.of(experiment, {**settings, "seed": seed})
    assert one == whole and one.plain == whole.plain and one.seed == seed
    assert (one.id, one.cell, one.shape) == (whole.id, whole.cell, whole.shape)


@pytest.mark.parametrize("seed", [-1, True, 1.5, "1", None, 2**63])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(ValidationError):
        Trial.of("network", NETWORK).with_seed(seed)


def test_seeds_that_are_none_are_said_at_their_lines() -> None:
    with pytest.raises(BadSweep) as caught:
        network("vary:\n  net.width: [2, 4]\n  seed: [0, -1, 2, x]\n")
    said = [problem.split(": ", 1)[1] for problem in caught.value.problems]
    assert said == ["vary.seed.1: must be >= 0, got -1", "vary.seed.3: expected an integer, got the text 'x'"]


def test_a_condition_that_no_combination_fulfils_is_refused() -> None:
    axes = "vary:\n  optimizer.name: [sgd, gd]\n  optimizer.momentum: [0.5, 0.9]\n"
    when = "when: {optimizer.momentum: {optimizer.name: sgd}}\n"
    with pytest.raises(BadSweep, match=r"exclude\.0: no combination of the axes fulfils all of this"):
        network(axes + when + "exclude: [{optimizer.name: gd, optimizer.momentum: 0.5}]\n")
