"""`grids`: the union of several products, each put over what stands at the top of the file."""

from pathlib import Path

import pytest

from orchestrator.spec import load
from orchestrator.spec.expand import expand, varied
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import BadSweep

STAR = """\
title: t
experiment: network
fixed:
  data: {name: digits, train_size: 100}
  net: {name: convnet, depth: 2, width: 8}
  optimizer: {name: sgd, batch_size: 20, learning_rate: 0.1}
  epochs: 2
vary:
  seed: {count: 2}
grids:
  - vary: {net.width: [4, 8, 16]}
  - vary: {optimizer.learning_rate: [0.05, 0.1, 0.2]}
measure: [error]
curves:
  - {name: width, x: net.width, y: error, split: test, where: {optimizer.learning_rate: 0.1}}
"""


def read(folder: Path, text: str, profile: str | None = None, *sets: str) -> Sweep:
    (folder / "mine.yaml").write_text(text)
    return load.read(str(folder / "mine.yaml"), profile, sets)


def points(sweep: Sweep, *keys: str) -> list[tuple[object, ...]]:
    """The values of dotted settings, trial by trial."""
    out = []
    for trial in expand(sweep):
        values = []
        for key in keys:
            value = trial.plain
            for part in key.split("."):
                value = value[part]
            values.append(value)
        out.append(tuple(values))
    return out


def test_a_star_around_a_baseline_has_the_baseline_once(tmp_path: Path) -> None:
    sweep = read(tmp_path, STAR)
    found = points(sweep, "net.width", "optimizer.learning_rate", "seed")
    arms = [(4, 0.1), (8, 0.1), (16, 0.1), (8, 0.05), (8, 0.2)]
    assert sorted(found) == sorted((*arm, seed) for arm in arms for seed in (0, 1))
    assert varied(sweep) == ["seed", "net.width", "optimizer.learning_rate"]


def test_a_trial_of_two_grids_is_measured_as_both_ask(tmp_path: Path) -> None:
    text = STAR.replace("  - vary: {net.width", "  - fixed: {evaluate_every: 4}\n    vary: {net.width")
    text = text.replace("  - vary: {optimizer", "  - fixed: {evaluate_every: 6}\n    vary: {optimizer")
    found = dict(points(read(tmp_path, text.replace("epochs: 2", "epochs: 12")), "net.width", "evaluate_every"))
    assert found == {4: 4, 16: 4, 8: 6}
    shared = [p for p in points(read(tmp_path, text), "evaluate_every", "optimizer.learning_rate", "net.width")]
    assert {p for p in shared if p[1:] == (0.1, 8)} == {(2, 0.1, 8)}


def test_a_grid_fixes_what_varies_and_takes_axes_away(tmp_path: Path) -> None:
    text = STAR.replace("  - vary: {net.width", "  - fixed: {seed: 7}\n    vary: {net.width")
    second = "  - fixed: {optimizer: {momentum: 0.5}}\n    vary: {data.label_noise: null, optimizer"
    text = text.replace("  - vary: {optimizer", second)
    text = text.replace("  seed: {count: 2}", "  seed: {count: 2}\n  data.label_noise: [0.0, 1.0]")
    keys = ("net.width", "optimizer.learning_rate", "optimizer.momentum", "data.label_noise", "seed")
    widths = [(width, 0.1, 0.0, noise, 7) for width in (4, 8, 16) for noise in (0.0, 1.0)]
    rates = [(8, rate, 0.5, 0.0, seed) for rate in (0.05, 0.1, 0.2) for seed in (0, 1)]
    assert sorted(points(read(tmp_path, text), *keys)) == sorted([*widths, *rates])


def test_rules_at_the_top_hold_in_all_grids_and_those_of_a_grid_in_it(tmp_path: Path) -> None:
    text = STAR.replace("measure: [error]", "exclude: [{net.width: 4}]\nmeasure: [error]")
    text = text.replace("0.2]}", "0.2], net.init: [he, default, he]}\n    zip: [[optimizer.learning_rate, net.init]]\n"
                        "    exclude: [{optimizer.learning_rate: 0.05}]")  # fmt: skip
    found = points(read(tmp_path, text), "net.width", "optimizer.learning_rate", "net.init")
    assert set(found) == {(8, 0.1, "he"), (16, 0.1, "he"), (8, 0.1, "default"), (8, 0.2, "he")}


def test_a_profile_changes_the_top_and_replaces_grids(tmp_path: Path) -> None:
    text = STAR + "profiles:\n  a: {fixed: {epochs: 1}, vary: {seed: [3]}}\n  b: {grids: [{vary: {net.width: [2]}}]}\n"
    text += "  c: {grids: [], curves: []}\n"
    assert set(points(read(tmp_path, text, "a"), "epochs", "seed")) == {(1, 3)}
    assert points(read(tmp_path, text, "b"), "net.width", "seed") == [(2, 0), (2, 1)]
    assert points(read(tmp_path, text, "c"), "net.width", "seed") == [(8, 0), (8, 1)]
    assert {p[0] for p in points(read(tmp_path, text, None, "net.width=32"), "net.width")} == {4, 8, 16, 32}


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    digest = read(tmp_path, STAR).digest
    assert digest == read(tmp_path, STAR.replace("0.05, 0.1", "5e-2, 1e-1")).digest
    assert digest != read(tmp_path, STAR.replace("0.05, 0.1", "0.06, 0.1")).digest


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("[4, 8, 16]", "[4, -8, 16]", "11:27", "grids.0.vary.net.width.1: width must be at least 1, got -8"),
        ("net.width: [4", "net.widht: [4", "11:12", "unknown key 'widht'"),
        ("  - vary: {net", "  - fixed: {epochs: 0}\n    vary: {net", "11:13", "grids.0.fixed.epochs: must be > 0"),
        ("  - vary: {net", "  - fixed: {optimizer: {momentm: 0}}\n    vary: {net", "11:25", "unknown key 'momentm'"),
        ("  - vary: {net", "  - zip: [[net.width, sed]]\n    vary: {net", "11:23", "grids.0.zip.0.1: unknown axis"),
        ("  - vary: {net", "  - exclude: [{net.width: 5}]\n    vary: {net", "11:16", "no trial has net.width = 5"),
        ("  - vary: {net", "  - vary: {net.depth: null, net", "11:12", "unknown axis 'net.depth'"),
        ("  - vary: {net.width", "  - varry: {net.width", "11:5", "unknown key 'varry', did you mean 'vary'?"),
        ("  epochs: 2", "  epochs: 0", "7:3", "fixed.epochs: must be > 0, got 0"),
        ("{count: 2}", "{count: 20000}", "8:1", "120,000 trials, at most 100,000"),
        (
            "  - vary: {optimizer",
            "  - fixed: {seed: 1}\n    zip: [[seed, net.depth]]\n    vary: {net.depth: [1, 2], optimizer",
            "13:11",
            "'seed' does not vary here, but 'net.depth' does",
        ),
    ],
)
def test_what_is_wrong_with_a_grid_is_said_at_its_line(old: str, new: str, at: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadSweep) as caught:
        expand(read(tmp_path, STAR.replace(old, new, 1)))
    [problem] = caught.value.problems
    assert problem.startswith(f"{tmp_path}/mine.yaml:{at}: ") and says in problem


def test_what_every_grid_replaces_is_refused(tmp_path: Path) -> None:
    text = STAR.replace("  - vary: {optimizer.learning_rate:", "  - vary: {net.width: [2], optimizer.learning_rate:")
    with pytest.raises(BadSweep, match=r"mine.yaml:5:34: fixed.net.width: every grid replaces this; leave it out"):
        read(tmp_path, text)
    text = STAR.replace("net.width: [4", "seed: [1], net.width: [4").replace("0.2]}", "0.2], seed: null}")
    with pytest.raises(BadSweep, match=r"mine.yaml:9:3: vary.seed: every grid replaces this axis or takes it away"):
        read(tmp_path, text)


TOGETHER = """\
title: two axes that move together
experiment: network
fixed:
  data: {name: digits, train_size: 40}
  net: {name: convnet}
  epochs: 1
vary:
  net.width: [2, 4]
  optimizer.learning_rate: [0.1, 0.2]
zip: [[net.width, optimizer.learning_rate]]
grids:
  - vary: {seed: [0]}
  - vary: {seed: [1]}
"""


@pytest.mark.parametrize(
    ("grid", "at", "says"),
    [
        ("vary: {net.width: [2, 4, 8]}", "13:12", "they move together by {file}:10:7: vary both here"),
        ("fixed: {net.width: 4}", "13:13", "vary both here, or take 'optimizer.learning_rate' away, too"),
        ("vary: {optimizer.learning_rate: null}", "13:12", "or take 'net.width' away, too: `vary: {net.width: null}`"),
    ],
)
def test_a_grid_that_breaks_axes_that_move_together_is_told_how_to_keep_or_drop_both(
    grid: str, at: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSweep) as caught:
        expand(read(tmp_path, TOGETHER.replace("vary: {seed: [1]}", grid)))
    [problem] = caught.value.problems
    file = f"{tmp_path}/mine.yaml"
    assert problem.startswith(f"{file}:{at}: ") and says.replace("{file}", file) in problem


def test_the_remedies_for_axes_that_move_together_are_right(tmp_path: Path) -> None:
    both = "vary: {net.width: [2, 4, 8], optimizer.learning_rate: [0.1, 0.2, 0.4]}"
    neither = "fixed: {net.width: 4}\n    vary: {optimizer.learning_rate: null}"
    for grid, trials in ((both, 3), (neither, 3)):
        assert len(expand(read(tmp_path, TOGETHER.replace("vary: {seed: [1]}", grid)))) == trials
