"""The cells of a heat map: means over seeds, in their place, with NaN where there is none."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.support.made_up.made_up_frames import STEPS, WIDTHS, mixed, recorded
from tracking.analysis.aggregate import aggregate
from tracking.analysis.frame import Frame
from tracking.analysis.heat import Heat, axis, heat
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.common.errors import Refused

AXES = {"data.label_noise": [0.0, 0.1, 0.2], "net.width": list(WIDTHS)}


def cells(frame: Frame, **fields: Any) -> Heat:
    return heat(frame, Heatmap(**{"name": "a", "z": "error", "split": "test", **fields}), list(AXES))


def test_a_cell_of_two_settings_is_the_point_of_the_curve_there() -> None:
    frame = recorded(AXES)
    found = cells(frame, x="net.width", y="data.label_noise")
    curve = aggregate(frame, Curve(name="a", x="net.width", y="error", split="test"), list(AXES))
    expected = curve.pivot(index="data.label_noise", columns="x", values="centre").to_numpy()
    assert np.array_equal(found.sheets[0].z, expected) and found.sheets[0].name == ""
    turned = cells(frame, x="data.label_noise", y="net.width")
    assert np.array_equal(turned.sheets[0].z, expected.T)


def test_a_setting_by_step_has_a_panel_for_each_value_of_its_group() -> None:
    frame = recorded(AXES)
    found = cells(frame, x="net.width", y="step", group="data.label_noise")
    assert [sheet.name for sheet in found.sheets] == ["label noise 0", "label noise 0.1", "label noise 0.2"]
    assert [sheet.z.shape for sheet in found.sheets] == [(len(STEPS), len(WIDTHS))] * 3
    where = {"data.label_noise": 0.1, "net.width": 4}
    one = aggregate(frame, Curve(name="a", x="step", y="error", split="test", where=where), list(AXES))
    assert found.sheets[1].z[:, 1].tolist() == one["centre"].tolist()
    turned = cells(frame, x="step", y="net.width", group="data.label_noise")
    assert np.array_equal(turned.sheets[1].z, found.sheets[1].z.T)


def test_a_cell_without_values_is_nan_and_its_trials_are_counted() -> None:
    states = {(1, seed): "diverged" for seed in range(5)}
    found = cells(recorded(AXES, states=states), x="net.width", y="data.label_noise")
    assert np.argwhere(np.isnan(found.sheets[0].z)).tolist() == [[0, 1]]
    assert found.table["diverged"].sum() == 5


def test_what_is_derived_is_drawn_too() -> None:
    found = cells(recorded(AXES), x="net.width", y="data.label_noise", z={"gap": "error"}, split="")
    assert np.isfinite(found.sheets[0].z).all()


def test_values_of_any_kind_keep_their_order() -> None:
    kinds = {"data.label_noise": ["any", "other"], "net.width": [[4, 4], 8, None]}
    found = cells(mixed(kinds), x="net.width", y="data.label_noise")
    assert (found.x.kind, found.x.values) == ("names", ["4-4", "8", "none"])
    assert found.y.values == ["any", "other"] and np.isfinite(found.sheets[0].z).all()


@pytest.mark.parametrize(
    ("values", "scale", "kind", "edges"),
    [
        ([4, 1, 2], None, "log", [2**-0.5, 2**0.5, 2**1.5, 2**2.5]),
        ([0, 1, 2], None, "linear", [-0.5, 0.5, 1.5, 2.5]),
        ([0, 0.001, 0.01, 0.1], None, "names", [-0.5, 0.5, 1.5, 2.5, 3.5]),
        ([2, 3, 4, 6, 8, 11, 16], "linear", "linear", [1.5, 2.5, 3.5, 5, 7, 9.5, 13.5, 18.5]),
        ([5], None, "names", [-0.5, 0.5]),
        (["b", "a"], "log", "names", [-0.5, 0.5, 1.5]),
    ],
)
def test_numbers_lie_where_they_belong_if_they_are_evenly_spaced(
    values: list[Any], scale: Any, kind: str, edges: list[float]
) -> None:
    found = axis(values, scale)
    assert found.kind == kind and found.edges.tolist() == pytest.approx(edges)


def test_integers_from_even_logarithms_are_logarithmic() -> None:
    assert axis([2, 3, 4, 6, 8, 11, 16, 23, 32], None).kind == "log"


def test_steps_at_0_have_no_place_on_a_logarithmic_axis_and_are_counted() -> None:
    found = cells(recorded({"net.width": [2, 4]}), x="step", y="net.width", x_scale="log")
    assert found.x.values == [1, 2, 3] and found.without_place == 2


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"x": "step", "y": "step"}, "x and y must differ"),
        ({"x": "step", "y": "net.width", "at": "last"}, "leave at out"),
        ({"x": "net.width", "y": "data.label_noise", "at": "every"}, "let x or y be step"),
        ({"x": "net.width", "y": "data.label_noise", "z": {"gap": "error"}}, "leave split out"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Heatmap(**{"name": "a", "z": "error", "split": "test", **fields})


def test_layers_and_settings_that_would_share_a_cell_are_refused() -> None:
    with pytest.raises(Refused, match="of several layers, conv1, fc"):
        cells(recorded(AXES), x="net.width", y="data.label_noise", z="norm", split="")
    with pytest.raises(Refused, match=r"data.label_noise: name that in .group."):
        cells(recorded(AXES), x="net.width", y="step")
