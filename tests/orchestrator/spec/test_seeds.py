"""`--seeds N`: the number of seeds is changed, and the first seeds are the same trials as before."""

from pathlib import Path

import pytest

from orchestrator.spec import load
from orchestrator.spec.expand import expand
from tracking.common.errors import BadSweep

SWEEP = """
title: t
experiment: network
fixed:
  data: {name: digits, train_size: 60}
  net: {name: convnet, depth: 3}
  optimizer: {name: sgd, batch_size: 20}
  epochs: 2
vary:
  net.width: [2, 4]
"""


def ids(folder: Path, axis: str, seeds: int | None = None) -> list[tuple[int, str]]:
    path = folder / "mine.yaml"
    path.write_text(SWEEP + axis)
    return [(trial.seed, trial.id) for trial in expand(load.read(str(path), seeds=seeds))]


@pytest.mark.parametrize("axis", ["  seed: {count: 2, start: 5}\n", "  seed: [5, 6]\n"])
def test_more_seeds_are_added_to_those_that_there_are(axis: str, tmp_path: Path) -> None:
    before, more = ids(tmp_path, axis), ids(tmp_path, axis, 4)
    assert sorted({seed for seed, _ in more}) == [5, 6, 7, 8] and len(more) == 8
    assert set(before) < set(more)
    assert set(ids(tmp_path, axis, 1)) < set(before)


def test_a_sweep_without_seeds_gets_them(tmp_path: Path) -> None:
    before, more = ids(tmp_path, ""), ids(tmp_path, "", 3)
    assert set(before) < set(more) and {seed for seed, _ in more} == {0, 1, 2}


def test_seeds_of_each_grid_are_replaced(tmp_path: Path) -> None:
    grids = (
        "  seed: {count: 2}\ngrids:\n  - vary: {seed: {count: 1, start: 7}}\n"
        "  - {fixed: {net.batch_norm: true}, vary: {net.width: [2]}}\n"
    )
    found = ids(tmp_path, grids, 3)
    assert sorted(seed for seed, _ in found) == [0, 1, 2, 7, 7, 8, 8, 9, 9]


@pytest.mark.parametrize(
    ("axis", "says"),
    [
        ("  seed: [1, 5]\n", r"not a count or successive integers \(.*mine.yaml:11:3\)"),
        ("grids: [{fixed: {seed: 3}}, {}]\n", r"'seed' is fixed \(.*mine.yaml:11"),
        ("  seed: {count: 2}\nzip: [[net.width, seed]]\n", "equally many values"),
    ],
)
def test_seeds_without_a_next_one_are_refused(axis: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadSweep, match=says):
        ids(tmp_path, axis, 3)


def test_the_number_of_seeds_names_the_variant_and_the_command(tmp_path: Path) -> None:
    sweep = load.read("demo@debug", seeds=3)
    assert sweep.variant == "demo@debug@seeds=3"
    assert sweep.command("launch") == "sweep launch demo --profile debug --seeds 3"
