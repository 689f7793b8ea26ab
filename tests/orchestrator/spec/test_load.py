"""Reading a sweep: the shipped ones, profiles, --set, the forms of an axis, the names of files."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from orchestrator.spec import load
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tests.support.checkout import ROOT
from tracking.common.errors import BadSweep

EXAMPLE = """
title: Expected error and risk against the number of parameters
source: CBMM Memo 90, Figure 2
experiment: network
fixed:
  data: {name: cifar10, train_size: 50000}
  net: {name: convnet, depth: 5, batch_norm: false}
  loss: cross_entropy
  optimizer: {name: sgd, batch_size: 100, learning_rate: 0.1}
  epochs: 70
vary:
  net.width: {log_space: [2, 512], count: 17, integer: true}
  seed: {count: 5}
measure: [error, risk, frobenius_norm, norm_product, margin, parameters]
curves:
  - {name: a, x: parameters, y: error, split: [train, test], band: ci95}
  - {name: b, x: parameters, y: risk, split: [train, test], band: ci95}
claims:
  - {name: no_overfitting, y: error, split: test, tolerance: 0.01}
profiles:
  debug: {fixed: {data: {name: digits, train_size: 1000}, epochs: 5}, vary: {net.width: [2, 8, 32], seed: {count: 2}}}
"""


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def of(text: str, profile: str | None = None, *sets: str) -> Sweep:
        (tmp_path / "mine.yaml").write_text(text)
        return load.read(str(tmp_path / "mine.yaml"), profile, sets)

    return of


def test_the_example_means_what_it_says(read: Any) -> None:
    sweep = read(EXAMPLE)
    trials = expand(sweep)
    widths = sweep.grids[0].axes["net.width"].values
    assert widths == [2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512]
    assert [(t.plain["net"]["width"], t.seed) for t in trials] == [(w, s) for w in widths for s in range(5)]
    assert all(t.plain["epochs"] == 70 and t.plain["data"]["train_size"] == 50_000 for t in trials)
    assert (sweep.name, sweep.source, sweep.experiment) == ("mine", "CBMM Memo 90, Figure 2", "network")
    assert [c.name for c in sweep.curves] == ["a", "b"] and [c.tolerance for c in sweep.claims] == [0.01]


def test_a_profile_changes_what_it_names_and_nothing_else(read: Any) -> None:
    trials = expand(read(EXAMPLE, "debug"))
    assert [(t.plain["net"]["width"], t.seed) for t in trials] == [(w, s) for w in (2, 8, 32) for s in (0, 1)]
    for trial in trials:
        assert trial.plain["epochs"] == 5 and trial.plain["net"]["depth"] == 5
        assert trial.plain["data"]["name"] == "digits" and trial.plain["data"]["train_size"] == 1000
        assert trial.plain["optimizer"]["batch_size"] == 100


def test_a_profile_may_take_an_axis_away(read: Any) -> None:
    text = EXAMPLE + "  one: {vary: {net.width: null}, fixed: {net.width: 7}, curves: [], claims: []}\n"
    sweep = read(text, "one")
    assert list(sweep.grids[0].axes) == ["seed"] and not sweep.curves and not sweep.claims
    assert {t.plain["net"]["width"] for t in expand(sweep)} == {7}


def test_an_axis_that_a_profile_takes_away_must_be_there(read: Any) -> None:
    with pytest.raises(BadSweep, match=r"mine.yaml:22:.*'net.widht'"):
        read(EXAMPLE + "  one: {vary: {net.widht: null}}\n", "one")


def test_set_changes_what_is_fixed(read: Any) -> None:
    sweep = read(EXAMPLE, "debug", "optimizer.learning_rate=1e-3", "until.at_most=0", "net.bias=none")
    trial = expand(sweep)[0].plain
    assert trial["optimizer"]["learning_rate"] == 0.001 and trial["optimizer"]["batch_size"] == 100
    assert trial["until"]["at_most"] == 0 and trial["net"]["bias"] == "none"
    assert read(EXAMPLE, None, "epochs=70").digest == read(EXAMPLE).digest


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("net.width=3", ["--set", "'net.width'", "mine.yaml:12:3"]),
        ("epochs", ["--set", "key=value", "'epochs'"]),
        ("epochs=-1", ["--set", "fixed.epochs", "> 0", "-1"]),
        ("epochs=", ["--set", "fixed.epochs", "expected an integer, got nothing"]),
        ("epochs=[1", ["--set", "epochs", "not closed"]),
        ("epochs=.nan", ["--set", "epochs", "finite"]),
        ('optimizer.learning_rate="1e-3"', ["--set", "remove the quotes"]),
        ("fixed.epochs=3", ["--set: fixed.fixed", "unknown key 'fixed'"]),
        ("epochs.most=3", ["--set: fixed.epochs", "expected an integer"]),
        ("until.at_mst=0", ["--set: fixed.until", "'at_mst'"]),
        ("optimizer.lerning_rate=3", ["--set", "'lerning_rate'", "did you mean 'learning_rate'?"]),
    ],
)
def test_a_bad_set_is_named_as_such(read: Any, given: str, says: list[str]) -> None:
    with pytest.raises(BadSweep) as caught:
        expand(read(EXAMPLE, None, given))
    assert len(caught.value.problems) == 1 and all(words in str(caught.value) for words in says)


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ("{count: 3}", [0, 1, 2]),
        ("{count: 2, start: 5}", [5, 6]),
        ("{linear_space: [0, 1], count: 5}", [0, 0.25, 0.5, 0.75, 1]),
        ("{linear_space: [-1, 2], count: 3, integer: true}", [-1, 0, 2]),
        ("{log_space: [1e-3, 1], count: 4}", [1e-3, 1e-2, 1e-1, 1]),
        ("{log_space: [1, 1000], count: 4, integer: true}", [1, 10, 100, 1000]),
        ("[[2, 4], 3, {name: x}]", [[2, 4], 3, {"name": "x"}]),
    ],
)
def test_the_forms_of_an_axis(read: Any, axis: str, values: list[Any]) -> None:
    sweep = read(f"title: t\nexperiment: hessian\nvary: {{seed: {axis}}}\n")
    assert (
        sweep.grids[0].axes["seed"].values == pytest.approx(values)
        if "space" in axis
        else sweep.grids[0].axes["seed"].values == values
    )


@pytest.mark.parametrize("count", [2, 7, 50])
def test_spaces_have_both_ends_exactly_and_equal_steps_or_ratios(read: Any, count: int) -> None:
    for low, high in ((0.1, 0.7), (1e-6, 3.0), (5.0, 1e6)):
        axes = (
            read(
                f"title: t\nexperiment: hessian\nvary: {{ridge: {{linear_space: [{low}, {high}], count: {count}}}, "
                f"examples: {{log_space: [{low}, {high}], count: {count}}}}}\n"
            )
            .grids[0]
            .axes
        )
        for values, measured in ((axes["ridge"].values, lambda v: v), (axes["examples"].values, math.log)):
            steps = [measured(b) - measured(a) for a, b in itertools.pairwise(values)]
            assert values[0] == low and values[-1] == high and len(values) == count
            assert steps == pytest.approx([(measured(high) - measured(low)) / (count - 1)] * (count - 1), rel=1e-6)


def test_a_shipped_name_and_its_path_are_the_same_sweep() -> None:
    shipped = list((ROOT / "sweeps").rglob("*.yaml"))
    for path in shipped:
        assert load.read(path.stem).digest == load.read(str(path)).digest
    assert sorted(path.stem for path in shipped) == load.shipped_names()


@pytest.mark.parametrize("name", ["a b", "Ä", "X", "a" * 65, "-a", "$(x)", "a;b", "d\u0435mo", "a\\b"])
def test_a_file_whose_name_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text(EXAMPLE)
    with pytest.raises(BadSweep, match="named by its file"):
        load.read(str(tmp_path / f"{name}.yaml"))


@pytest.mark.parametrize("name", ["a" * 64, "0", "a.b-c_d"])
def test_a_file_whose_name_is_one_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text(EXAMPLE)
    assert load.read(str(tmp_path / f"{name}.yaml")).name == name


@pytest.mark.parametrize(
    "name", ["", "..", "fig22", "no/such.yaml", ".", "a\0.yaml", "\udcff.yaml", f"{'a' * 300}/b.yaml", "a" * 300]
)
def test_what_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(BadSweep):
        load.read(name)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSweep, match="is a directory"):
        load.read(f"{tmp_path}/")


def test_every_shipped_sweep_expands_with_every_profile() -> None:
    for name in load.shipped_names():
        for profile in (None, *load.read(name).profiles):
            assert expand(load.read(name, profile))


@pytest.mark.parametrize("name", ["a" * 101, "../a", "a/b", "", ".a", "a\n"])
def test_what_is_drawn_has_a_name_that_a_file_may_have(read: Any, name: str) -> None:
    with pytest.raises(BadSweep, match=r"curves\.0\.name"):
        read(EXAMPLE.replace("{name: a, x", f"{{name: {json.dumps(name)}, x"))


def test_a_curve_of_more_lines_than_can_be_drawn_is_refused_before_the_training(read: Any) -> None:
    many = EXAMPLE.replace("log_space: [2, 512], count: 17", "linear_space: [2, 121], count: 120")
    curve = "x: step, y: error, at: every, group: [net.width],"
    with pytest.raises(BadSweep, match="lines or panels, of which a figure can show 100"):
        expand(read(many.replace("x: parameters, y: error,", curve)))


def test_an_axis_that_is_wrong_under_a_name_that_is_wrong_is_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text('{"title": "t", "experiment": "ridge", "vary": {"seed": {"count": 2}, "\\ud800": 5}}')
    with pytest.raises(BadSweep, match="half a character"):
        load.read(str(file))


def test_a_sweep_is_printed_in_a_few_lines() -> None:
    text = str(load.read("demo", "debug"))
    assert text.startswith("demo@debug: Error and risk") and "\nvaries net.width: " in text and "\nclaim " in text
    assert "Grid(" not in text and len(text.splitlines()) < 40
