"""A heat map shows its cells, hatches those without a value, and names what its colours are."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.support.made_up.made_up_frames import STEPS, WIDTHS, recorded
from tracking.analysis.heat import heat
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.plotting.kinds import heatmaps
from tracking.plotting.save import save
from tracking.plotting.style.labels import Caption

AXES = {"data.label_noise": [0.0, 0.2], "net.width": list(WIDTHS)}
GONE = {(1, seed): "diverged" for seed in range(5)} | {(0, 0): "failed"}


def drawn(**fields: Any) -> Any:
    whole = {"x": "net.width", "y": "data.label_noise", "z": "error", "split": "test", **fields}
    heatmap = Heatmap(name="a", **whole)
    found = heat(recorded(AXES, states=GONE), heatmap, list(AXES))
    return heatmaps.figure(found, Caption("Title", "Memo 90", "digits", "epoch"))


def texts(figure: Any) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_the_cells_are_those_of_the_table_and_missing_ones_are_hatched() -> None:
    figure = drawn()
    (mesh,) = [c for axes in figure.findobj() for c in getattr(axes, "collections", []) if c.get_gid() == "cells"]
    assert np.ma.getmaskarray(mesh.get_array()).sum() == 1 and mesh.axes.patch.get_hatch() == heatmaps.HATCH
    assert mesh.axes.get_xscale() == "log"
    assert [label.get_text() for label in mesh.axes.get_xticklabels()] == ["2", "4", "8"]
    said = texts(figure)
    assert "Test error\n(mean of 4 to 5 seeds)" in said
    assert "Trials left out: 5 diverged, 1 failed." in said and "Hatched: 1 of 6 cells" in said


def test_steps_are_called_as_the_experiment_calls_them_and_each_group_has_a_panel() -> None:
    figure = drawn(y="step", group="data.label_noise")
    said = texts(figure)
    assert "Epoch" in said and "label noise 0.2" in said
    (mesh, _) = [c for axes in figure.findobj() for c in getattr(axes, "collections", []) if c.get_gid() == "cells"]
    assert mesh.get_array().shape == (len(STEPS), len(WIDTHS))


def test_the_values_of_few_cells_are_written_and_those_of_many_are_not() -> None:
    def written(figure: Any) -> int:
        return sum(one.get_gid() == "value" for axes in figure.axes for one in axes.texts)

    assert written(drawn()) == 5  # of 6 cells, one of which has no value
    many = recorded({"net.width": list(range(1, 12))}, value=lambda settings, seed, step, split: 0.5)
    cells = heat(many, Heatmap(name="a", x="net.width", y="step", z="error", split="test"), ["net.width"])
    assert written(heatmaps.figure(cells, Caption("Title", "Memo 90", "digits", "epoch"))) == 0


def test_many_values_on_a_logarithmic_axis_have_few_plain_ticks() -> None:
    widths = [2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64]
    found = recorded({"net.width": widths}, value=lambda settings, seed, step, split: 0.5)
    cells = heat(found, Heatmap(name="a", x="net.width", y="step", z="error", split="test"), ["net.width"])
    figure = heatmaps.figure(cells, Caption("Title", "Memo 90", "digits", "epoch"))
    figure.draw_without_rendering()
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels(which="both") if label.get_text()]
    low, high = figure.axes[0].get_xlim()
    assert [float(text) for text in shown if low <= float(text) <= high] == [2, 5, 10, 20, 50]


def test_text_stays_text_in_svg(tmp_path: Path) -> None:
    paths = save(drawn, tmp_path, "heat")
    assert "mean of 4 to 5 seeds" in Path(paths["svg"]).read_text() and Path(paths["png"]).stat().st_size
