"""What a figure shows is what was aggregated: asserted on the lines and texts of the figure, never on pixels."""

import html
import itertools
import math
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text

from tests.support.made_up.drawn_curves import ABOUT, VARIED, drawn, everything, lines, words
from tests.support.made_up.made_up_frames import SEEDS, WIDTHS, recorded
from tracking.analysis.aggregate import aggregate, single
from tracking.analysis.specs.curve_spec import Curve
from tracking.plotting.kinds.curve_figure import AXES_HEIGHT, MANY, figure
from tracking.plotting.save import save
from tracking.plotting.style.labels import Caption, footer


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


def test_without_a_group_colour_is_the_split_and_training_is_dashed_in_any_case() -> None:
    fig, table, _ = drawn(Curve(name="a", x="net.width", y="error", where={"net.batch_norm": True}), everything())
    heads = table.drop_duplicates("line")
    found = {row["split"]: line for line, (_, row) in zip(lines(fig, "centre"), heads.iterrows(), strict=True)}
    assert found["train"].get_color() != found["test"].get_color()
    assert (found["train"].get_linestyle(), found["test"].get_linestyle()) == ("--", "-")
    legend = {text.get_text(): handle for figure in fig.subfigs for box in figure.legends
              for text, handle in zip(box.get_texts(), box.legend_handles, strict=True)}  # fmt: skip
    assert {name: handle.get_color() for name, handle in legend.items()} == {
        split: line.get_color() for split, line in found.items()
    }


def test_bands_stay_within_what_the_quantity_can_be_and_the_note_says_so() -> None:
    found = recorded({"net.width": list(WIDTHS)}, lambda s, seed, *_: float(seed == 0))
    curve = Curve(name="a", x="net.width", y="error", split="test", band="sd")
    table = aggregate(found, curve, ["net.width"])
    assert (table["low"] < 0).all()
    fig, _, _ = drawn(curve, found)
    (band,) = [c for c in fig.axes[0].collections if c.get_gid() == "band"]
    assert band.get_paths()[0].vertices[:, 1].min() == 0
    assert "Bands are drawn within 0% and 100%; 3 reach beyond it." in words(fig)


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"x": "parameters", "y": "error", "split": "test"}, "Test error against number of parameters"),
        ({"x": "step", "y": "norm"}, "Euclidean norm ‖W‖₂ against epoch"),
        ({"x": "step", "y": "error", "title": "Its own"}, "Its own"),
    ],
)
def test_the_title_names_the_curve_and_the_line_below_it_the_sweep(fields: dict[str, Any], title: str) -> None:
    shown = words(drawn(Curve(name="a", **fields), everything())[0]).split("\n")
    assert title in shown and ABOUT.title in shown


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


def unseen(axes: Any) -> list[Text]:
    """Labels of ticks outside of the limits of their axis, which are not drawn."""
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        for minor in (False, True):
            places = zip(axis.get_ticklocs(minor=minor), axis.get_ticklabels(minor=minor), strict=True)
            found += [label for place, label in places if not low <= place <= high]
    return found


LONG = {"title": "A long title " * 9, "at": ["last", "best"]}


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "parameters", "threshold": True, **LONG},
        {"x": "net.width", "group": ["net.batch_norm"]},
        {"x": "net.batch_norm", **LONG},
        {"x": "step", "x_label": "Label $x_{ " * 4, "y_label": "Label " * 8},
        {"x": "parameters", "group": ["net.batch_norm", "data.label"], **LONG},
        {"x": "step", "group": ["net.width", "net.batch_norm", "seed", "data.label"]},  # a legend higher than the axes
    ],
    ids=["threshold", "few", "unordered", "labels", "many groups", "many lines"],
)
def test_no_text_meets_another_or_leaves_the_figure(fields: dict[str, Any]) -> None:
    curve = Curve.model_validate({"name": "a", "y": "error", **fields})
    found = everything({(0, 0): "diverged", (1, 0): "failed", (2, 0): "missing"})
    found.trials["data.label"] = [f"a label of some length {'ab'[i < 15]}" for i in range(len(found.trials))]
    fig, _, _ = drawn(curve, found)
    fig.draw_without_rendering()
    hidden = unseen(fig.axes[0])
    texts = [t for t in fig.findobj(Text) if t.get_text().strip() and t.get_visible() and t not in hidden]
    boxes = [t.get_window_extent() for t in texts]
    assert len(boxes) > 10
    for one, two in itertools.combinations(boxes, 2):
        assert not one.shrunk(0.98, 0.98).overlaps(two)
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1
    height = fig.axes[0].get_window_extent().height / fig.dpi
    assert height == pytest.approx(AXES_HEIGHT, abs=0.02)


@pytest.mark.parametrize("text", ["$x_{", "$x_{$", "50% of $100 and $200", r"\$x$ \frac{", "a_b^c {d}"])
def test_what_a_user_writes_is_shown_letter_by_letter(text: str, tmp_path: Path) -> None:
    found = everything()
    found.trials["loss"] = [text] * 30
    curve = Curve(name="a", x="loss", y="error", title=text, x_label=text, y_label=text, group=["loss", *VARIED])
    table, seeds = aggregate(found, curve, VARIED), single(found, curve, VARIED)
    caption = Caption(text, text, text, "epoch")
    path = save(lambda: figure(curve, table, seeds, caption), tmp_path, "a")["svg"]
    written = html.unescape(Path(path).read_text())
    assert "<text" in written
    tick = text.replace("_", " ")
    for place in (f">{tick}<", f"After {text}.", f"Data: {text}."):
        assert place in written
    assert written.count(f">{text}<") >= 3  # title and both labels


def test_values_without_an_order_are_not_joined() -> None:
    fig, table, _ = drawn(Curve(name="a", x="net.batch_norm", y="error", split="test"), everything())
    axes = fig.axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["yes", "no"]
    centres = lines(fig, "centre")
    assert len(centres) == len(WIDTHS) and all(line.get_linestyle() == "None" for line in centres)
    assert sorted(y for line in centres for y in line.get_ydata()) == pytest.approx(sorted(table["centre"]))
    places = [x for line in centres for x in line.get_xdata()]
    assert len(set(places)) == len(places) and {round(x) for x in places} == {0, 1}


def test_zero_has_a_place_on_a_logarithmic_axis() -> None:
    found = everything()
    found.trials["net.width"] = found.trials["net.width"].replace({2: 0})
    fig, table, _ = drawn(Curve(name="a", x="net.width", y="error", split="test"), found)
    assert fig.axes[0].get_xscale() == "symlog"
    assert {x for line in lines(fig, "centre") for x in line.get_xdata()} == {0, 4, 8} == set(table["x"])


def test_values_that_are_not_finite_are_said_and_marked() -> None:
    def value(settings: dict[str, Any], seed: int, *_: Any) -> float:
        return math.inf if (settings["net.width"], seed) < (4, 2) else 0.5

    found = recorded({"net.width": list(WIDTHS)}, value)
    fig, _, _ = drawn(Curve(name="a", x="net.width", y="error", split="test"), found)
    assert "Trials left out: 7 not finite" in words(fig) and "missing" not in words(fig)
    assert {x for line in lines(fig, "diverged") for x in line.get_xdata()} == {2, 4}
    steps = Curve(name="a", x="step", y="error")
    notes = footer(steps, aggregate(found, steps, ["net.width"]), ABOUT, False, False)
    assert any("7 not finite" in note for note in notes)


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
        written = save(lambda: figure(curve, table, seeds, ABOUT), folder, "a")
        files.append({kind: Path(path).read_bytes() for kind, path in written.items()})
    assert files[0] == files[1] and set(files[0]) == {"png", "svg", "pdf"}
    assert dict(matplotlib.rcParams) == before


def test_nothing_recorded_is_drawn_as_nothing(tmp_path: Path) -> None:
    states = {(cell, seed): "missing" for cell in range(6) for seed in range(SEEDS)}
    for x in ("parameters", "net.width", "step"):
        fig, _, _ = drawn(Curve(name="a", x=x, y="error"), everything(states))
        assert "nothing recorded yet" in words(fig) and "30 missing" in words(fig)


def test_trials_that_all_diverged_are_not_called_unrecorded(tmp_path: Path) -> None:
    states = {(cell, seed): "diverged" for cell in range(6) for seed in range(SEEDS)}
    for x in ("parameters", "net.width", "step"):
        fig, _, _ = drawn(Curve(name="a", x=x, y="error"), everything(states))
        assert "no trial finished, all diverged" in words(fig) and "30 diverged" in words(fig)
    states |= {(0, 0): "failed", (1, 1): "missing"}
    fig, _, _ = drawn(Curve(name="a", x="net.width", y="error"), everything(states))
    assert "no trial finished yet, some diverged or failed" in words(fig)
