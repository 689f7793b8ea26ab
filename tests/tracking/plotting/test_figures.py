"""What a sweep asks for is drawn figure by figure: one that cannot be drawn costs only itself."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.support.made_up.made_up_frames import WIDTHS, recorded
from tracking.analysis.frame import Frame, Source
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.common.errors import Damaged
from tracking.plotting.figures import Asked, Figures, cells, draw, points
from tracking.plotting.kinds.panels import Panel
from tracking.plotting.kinds.surfaces import Surface
from tracking.plotting.style.labels import Caption

VARIED = ["net.batch_norm", "net.width"]
GOOD = [Curve(name="a", x="net.width", y="error"), Curve(name="b", x="step", y="norm")]
MIXED = Curve(name="mixed", x="net.width", y="error", group=[])
PANELS = [Panel(name="good", curves=("a", "b")), Panel(name="lacking", curves=("a", "mixed"))]
HEATMAPS = [
    Heatmap(name="heat", x="net.width", y="step", z="error", split="test", group="net.batch_norm"),
    Heatmap(name="cold", x="net.width", y="step", z="error", split="test"),
]
SURFACE = Surface(name="hills", x="alpha", y="beta", z="error")


def captions(where: Mapping[str, object]) -> Caption:
    return Caption("Title", "Memo 90", "digits")


def everything() -> Frame:
    return recorded({"net.batch_norm": [True, False], "net.width": list(WIDTHS)})


def all_of_it(found: Frame, folder: Path, curves: list[Curve], caption: Any = captions) -> Figures:
    return draw(
        Asked(points(found, curves, VARIED), cells(found, HEATMAPS, VARIED), PANELS, [SURFACE], found, caption), folder
    )


def test_what_cannot_be_drawn_costs_only_itself(tmp_path: Path) -> None:
    figures = all_of_it(everything(), tmp_path, [GOOD[0], MIXED, GOOD[1]])
    assert [one["name"] for one in figures.files] == ["a", "b", "heat", "good"]
    for one in figures.files:
        assert all(Path(one[kind]).stat().st_size for kind in ("png", "svg", "parquet", "csv"))
    reasons = {lost.name: lost.reason for lost in figures.failed}
    assert set(reasons) == {"mixed", "lacking", "hills", "cold"}
    assert "net.batch_norm" in reasons["mixed"] and "'mixed' could not be drawn" in reasons["lacking"]
    assert "unknown recorded measure 'alpha'" in reasons["hills"]
    assert "net.batch_norm: name that in `group`" in reasons["cold"]
    assert set(figures.table["curve"]) == {"a", "b", "heat"} == set(pd.read_csv(tmp_path / "curves.csv")["curve"])


def test_an_error_of_the_program_costs_only_its_figure_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def caption(where: Mapping[str, object]) -> Caption:
        if where:
            raise KeyError("no caption")
        return captions(where)

    found = everything()
    few = Curve(name="few", x="net.width", y="error", where={"net.batch_norm": True})
    with caplog.at_level(logging.ERROR):
        figures = draw(Asked(points(found, [few, GOOD[1]], VARIED), {}, [], [], found, caption), tmp_path)
    assert [one["name"] for one in figures.files] == ["b"]
    assert [(lost.name, lost.reason) for lost in figures.failed] == [("few", "KeyError: 'no caption'")]
    assert any(record.exc_info for record in caplog.records)


def test_a_damaged_store_is_not_the_fault_of_a_figure(tmp_path: Path) -> None:
    found = everything()

    def read(part: str) -> pa.Table:
        raise Damaged("checksum of rows-1.parquet")

    with pytest.raises(Damaged):
        all_of_it(Frame(found.trials, Source(found.source.parts, read)), tmp_path, GOOD)


def test_a_sweep_without_curves_has_an_empty_table(tmp_path: Path) -> None:
    figures = draw(Asked({}, {}, [], [], everything(), captions), tmp_path)
    assert figures.files == () and figures.failed == () and figures.table.empty


def test_a_setting_of_two_kinds_is_one_column(tmp_path: Path) -> None:
    """Of numbers in the one curve, of texts in the other."""
    found = everything()
    found.trials["net.extra"] = pd.Series([1 if on else "auto" for on in found.trials["net.batch_norm"]],
                                          index=found.trials.index, dtype=object)  # fmt: skip
    group = ("net.extra", "net.width", "net.batch_norm")
    curves = [
        Curve(name="numbers", x="step", y="error", group=group, where={"net.batch_norm": True}),
        Curve(name="all", x="step", y="error", group=group),
    ]
    figures = draw(Asked(points(found, curves, VARIED), {}, [], [], found, captions), tmp_path)
    assert not figures.failed
    assert set(pd.read_parquet(tmp_path / "curves.parquet")["net.extra"]) == {"1", "auto"}
