"""What a figure shows is what was aggregated: asserted on the lines and texts of the figure, never on pixels."""

import itertools
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

from tests.support.made_up_frames import SEEDS, WIDTHS, recorded
from tracking.analysis.aggregate import aggregate, single
from tracking.analysis.curve_spec import Curve
from tracking.analysis.frame import Frame
from tracking.plotting.curve_figure import MANY, draw, figure, style
from tracking.plotting.labels import footer

ABOUT = {"title": "Error against width", "source": "Memo 90", "data": "handwritten digits", "step": "epoch"}
VARIED = ["net.batch_norm", "net.width"]


def everything(states: dict[tuple[int, int], str] | None = None) -> Frame:
    return recorded({"net.batch_norm": [True, False], "net.width": list(WIDTHS)}, states=states)


def drawn(curve: Curve, found: Frame) -> tuple[Any, pd.DataFrame, pd.DataFrame]:
    table, seeds = aggregate(found, curve, VARIED), single(found, curve, VARIED)
    with matplotlib.rc_context(style()):
        return figure(curve, table, seeds, ABOUT), table, seeds


def lines(fig: Any, gid: str) -> list[Any]:
    return [line for line in fig.axes[0].lines if line.get_gid() == gid]


def words(fig: Any) -> str:
    legends = [t.get_text() for legend in fig.legends for t in legend.get_texts()]
    return "\n".join([t.get_text() for t in [*fig.texts, *fig.axes[0].texts]] + legends)


def test_lines_are_the_centres() -> None:
    curve = Curve(name="a", x="parameters", y="error", at=["last", "best"])
    fig, table, _ = drawn(curve, everything())
    expected = [part[["x", "centre"]].to_numpy() for _, part in table.groupby("line", sort=False)]
    assert len(expected) == 8
    for line, points in zip(lines(fig, "centre"), expected, strict=True):
        assert np.array_equal(line.get_xydata(), points)


def test_bands_are_the_intervals_and_thin_lines_the_seeds() -> None:
    curve = Curve(name="a", x="parameters", y="error", split="test")
    fig, table, seeds = drawn(curve, everything())
    for band, (_, part) in zip(fig.axes[0].collections, table.groupby("line", sort=False), strict=True):
        corners = set(map(tuple, np.round(band.get_paths()[0].vertices, 12)))
        for end in ("low", "high"):
            assert set(map(tuple, np.round(part[["x", end]].to_numpy(), 12))) <= corners
    assert len(lines(fig, "seed")) == 2 * SEEDS
    shown = np.concatenate([line.get_ydata() for line in lines(fig, "seed")])
    assert sorted(shown) == sorted(seeds["value"])


def test_many_lines_have_bars_and_no_seeds() -> None:
    fig, table, _ = drawn(Curve(name="a", x="parameters", y="error", at=["last", "best"]), everything())
    assert table["line"].nunique() > MANY
    assert lines(fig, "seed") == []
    ends = np.concatenate([bars.get_segments() for bars in fig.axes[0].collections])
    assert sorted(ends[:, 0, 1]) == pytest.approx(sorted(table["low"]))
    assert "bars: 95% interval" in words(fig)


def test_colour_is_the_group_dashes_are_training_and_open_marks_the_best() -> None:
    fig, table, _ = drawn(Curve(name="a", x="parameters", y="error", at=["last", "best"]), everything())
    heads = table.drop_duplicates("line")
    colours: dict[Any, set[Any]] = {}
    for line, (_, row) in zip(lines(fig, "centre"), heads.iterrows(), strict=True):
        colours.setdefault(row["net.batch_norm"], set()).add(line.get_color())
        assert (line.get_linestyle() == "--") == (row["split"] == "train")
        assert (line.get_markerfacecolor() == "white") == (row["at"] == "best")
    assert all(len(found) == 1 for found in colours.values()) and colours[True] != colours[False]
    assert {"batch norm", "no batch norm", "train", "test", "last epoch", "best epoch"} <= set(words(fig).split("\n"))


def test_threshold_is_at_the_number_of_training_examples() -> None:
    fig, _, _ = drawn(Curve(name="a", x="parameters", y="error", threshold=True), everything())
    (line,) = lines(fig, "threshold")
    assert set(line.get_xdata()) == {100}
    assert "parameters = training examples (100)" in words(fig)
    assert lines(drawn(Curve(name="a", x="parameters", y="error"), everything())[0], "threshold") == []


def test_scales_follow_the_curve() -> None:
    axes = drawn(Curve(name="a", x="parameters", y="error", y_scale="log"), everything())[0].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    axes = drawn(Curve(name="a", x="net.width", y="error", x_scale="linear"), everything())[0].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")


def test_what_is_missing_or_diverged_is_written_and_marked() -> None:
    states = {(0, 0): "diverged", (1, 0): "failed", (1, 1): "running", (2, 0): "missing"}
    fig, _, _ = drawn(Curve(name="a", x="parameters", y="error", at=["last", "best"]), everything(states))
    assert "Trials left out: 1 diverged, 1 failed, 2 missing" in words(fig)
    assert "Mean of 3 to 5 seeds" in words(fig)
    assert {x for line in lines(fig, "diverged") for x in line.get_xdata()} == {10.0 * WIDTHS[0] ** 2}


def test_trials_left_out_are_counted_once_along_steps() -> None:
    curve = Curve(name="a", x="step", y="error")
    table = aggregate(everything({(0, 0): "diverged", (2, 0): "missing"}), curve, VARIED)
    assert "Trials left out: 1 diverged, 1 missing." in footer(curve, table, ABOUT, False, False)


@pytest.mark.parametrize("band", ["ci95", "sd", "iqr", "minmax"])
def test_the_footer_says_seeds_band_data_and_source(band: Any) -> None:
    said = words(drawn(Curve(name="a", x="parameters", y="error", band=band), everything())[0])
    definition = {"ci95": "Student's t", "sd": "standard deviation", "iqr": "quartile", "minmax": "smallest to largest"}
    assert f"Mean of {SEEDS} seeds" in said and definition[band] in said
    assert "handwritten digits" in said and "Memo 90" in said


def test_one_seed_is_said_to_have_no_band() -> None:
    states = {(cell, seed): "missing" for cell in range(6) for seed in range(1, SEEDS)}
    assert "One seed, hence no band" in words(drawn(Curve(name="a", x="parameters", y="error"), everything(states))[0])


def test_zeros_that_a_logarithmic_axis_cannot_show_are_counted() -> None:
    found = recorded({"net.width": list(WIDTHS)}, lambda s, *_: 0.0 if s["net.width"] == 8 else 0.5)
    assert "2 points are 0 or less" in words(drawn(Curve(name="a", x="parameters", y="error", y_scale="log"), found)[0])


def test_no_text_meets_another_or_leaves_the_figure() -> None:
    """Title, labels, ticks, threshold, legend and footer, for the fullest figure and the longest title."""
    curve = Curve(name="a", x="parameters", y="error", at=["last", "best"], threshold=True, title="A long title " * 9)
    fig, _, _ = drawn(curve, everything({(0, 0): "diverged", (1, 0): "failed", (2, 0): "missing"}))
    fig.draw_without_rendering()
    axes = fig.axes[0]
    texts = [*fig.texts, *axes.texts, axes.xaxis.label, axes.yaxis.label, *fig.legends[0].get_texts()]
    boxes = [t.get_window_extent() for t in [*texts, *axes.get_yticklabels()] if t.get_text()]
    for one, two in itertools.combinations(boxes, 2):
        assert not one.overlaps(two)
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "step", "y": "error"},
        {"x": "time", "y": "norm", "at": "every"},
        {"x": "net.batch_norm", "y": "error"},
        {"x": "error", "x_split": "train", "y": "error", "split": "test", "points": True, "group": ["net.batch_norm"]},
        {"x": "parameters", "y": "norm", "centre": "median", "band": "iqr", "y_scale": "log"},
    ],
)
def test_files_are_the_same_bytes_again(fields: dict[str, Any], tmp_path: Path) -> None:
    curve, found, before = Curve(name="a", **fields), everything(), dict(matplotlib.rcParams)
    table, seeds = aggregate(found, curve, VARIED), single(found, curve, VARIED)
    files = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        files.append({kind: Path(path).read_bytes() for kind, path in draw(curve, table, seeds, ABOUT, folder).items()})
    assert files[0] == files[1] and set(files[0]) == {"png", "svg"}
    assert dict(matplotlib.rcParams) == before


def test_nothing_recorded_is_drawn_as_nothing(tmp_path: Path) -> None:
    states = {(cell, seed): "missing" for cell in range(6) for seed in range(SEEDS)}
    for x in ("parameters", "net.width", "step"):
        fig, _, _ = drawn(Curve(name="a", x=x, y="error"), everything(states))
        assert "nothing recorded yet" in words(fig) and "30 missing" in words(fig)
