"""A surface shows what was recorded: one finished trial in each panel, on one scale of colours."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from tracking.analysis.frame import Frame, Planned, frame, in_memory
from tracking.common.errors import Refused
from tracking.plotting.figures import Asked, makers
from tracking.plotting.kinds.surfaces import Surface, figure, levels, sheets
from tracking.plotting.save import save
from tracking.plotting.style.labels import Caption
from tracking.plotting.style.style import style

SURFACE = Surface(name="hills", x="alpha", y="beta", z="loss", split="train", group=("loss",), z_scale="log")
X, Y = np.linspace(-1, 1, 5), np.linspace(-2, 2, 3)
ABOUT = Caption("Hills", "Memo 90", "digits")


def draw(surface: Surface, found: Frame, folder: Path) -> dict[str, str]:
    asked = Asked({}, {}, (), (surface,), found, lambda where: ABOUT)
    return save(makers(asked)[surface.name], folder, surface.name)


def height(loss: str, seed: int) -> Any:
    """z [Y, X], different for each kind and seed."""
    return (1 + seed + (loss == "square")) * (X[None, :] ** 2 + Y[:, None] ** 2) + 1e-9


def recorded(states: dict[tuple[str, int], str] | None = None) -> Frame:
    trials = [(loss, seed) for loss in ("square", "cross_entropy") for seed in (0, 1)]
    planned = [Planned(f"{loss}{seed}", loss, seed, {"loss": loss}) for loss, seed in trials]
    known = {
        f"{loss}{seed}": {"state": (states or {}).get((loss, seed), "finished"), "step": 0, "reason": "", "digest": ""}
        for loss, seed in trials
    }
    beta, alpha = (grid.ravel() for grid in np.meshgrid(Y, X, indexing="ij"))
    rows = []
    for loss, seed in trials:
        for split, measure, values in (
            ("", "alpha", alpha), ("", "beta", beta), ("train", "loss", height(loss, seed).ravel())
        ):  # fmt: skip
            rows += [(f"{loss}{seed}", i, split, measure, "", v) for i, v in enumerate(values)]
    columns = ["trial", "step", "split", "measure", "layer", "value"]
    return frame(planned, known, in_memory(pd.DataFrame(rows, columns=columns)))


def test_each_panel_is_the_finished_trial_with_the_lowest_seed() -> None:
    found = sheets(recorded({("square", 0): "diverged"}), SURFACE)
    assert [(s.name, s.seed) for s in found] == [("square", 1), ("cross entropy", 0)]
    for sheet, (loss, seed) in zip(found, (("square", 1), ("cross_entropy", 0)), strict=True):
        assert np.array_equal(sheet.x, X) and np.array_equal(sheet.y, Y)
        assert np.array_equal(sheet.z, height(loss, seed))


def test_the_colours_mean_the_same_in_all_panels() -> None:
    with matplotlib.rc_context(style()):
        page = figure(SURFACE, sheets(recorded(), SURFACE), ABOUT)
    filled = [axes.collections[0] for axes in page.axes[:2]]
    assert np.array_equal(filled[0].levels, filled[1].levels)
    assert [axes.get_title(loc="left") for axes in page.axes[:2]] == ["square", "cross entropy"]
    words = " ".join(t.get_text() for t in page.findobj(Text)).replace("\n", " ")
    assert "seed 0" in words and "Data: digits." in words and "After Memo 90." in words


@pytest.mark.parametrize(("scale", "lowest"), [("log", 1e-4), ("linear", 1e-9)])
def test_a_logarithmic_scale_ends_some_decades_below_the_top(scale: str, lowest: float) -> None:
    steps = levels(sheets(recorded(), SURFACE), scale, 5)
    assert steps[0] == pytest.approx(lowest)
    assert steps[-1] == pytest.approx(10.0)
    assert (np.diff(steps) > 0).all()


def test_a_flat_surface_of_zeros_is_drawn_too(tmp_path: Path) -> None:
    rows = recorded().rows
    rows.loc[rows["measure"] == "loss", "value"] = 0.0
    flat = Frame(recorded().trials, in_memory(rows))
    for scale in ("linear", "log"):
        files = draw(SURFACE.model_copy(update={"z_scale": scale}), flat, tmp_path)
        assert all(Path(path).stat().st_size > 0 for path in files.values())


def test_heights_that_are_all_infinite_are_refused() -> None:
    rows = recorded().rows
    rows.loc[rows["measure"] == "loss", "value"] = np.inf
    with pytest.raises(Refused, match="finite heights"):
        figure(SURFACE, sheets(Frame(recorded().trials, in_memory(rows)), SURFACE), ABOUT)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["missing"] * 4, "nothing recorded yet"),
        (["missing"] * 3 + ["running"], "nothing recorded yet"),
        (["diverged"] * 4, "no trial finished, all diverged"),
        (["diverged", "failed"] * 2, "no trial finished, all diverged or failed"),
        (["diverged", "missing"] * 2, "no trial finished yet, some diverged"),
    ],
)
def test_why_there_is_no_surface_is_said(states: list[str], said: str, tmp_path: Path) -> None:
    empty = Frame(recorded().trials.assign(state=states), in_memory(recorded().rows.head(0)))
    assert sheets(empty, SURFACE) == []
    assert said in Path(draw(SURFACE, empty, tmp_path)["svg"]).read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"x": "alfa"},
            "surface 'hills', x: unknown recorded measure 'alfa', did you mean 'alpha'\\? known: alpha, beta, loss",
        ),
        ({"group": ("los",)}, "surface 'hills': unknown setting 'los'"),
    ],
)
def test_what_does_not_exist_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        sheets(recorded(), SURFACE.model_copy(update=change))
