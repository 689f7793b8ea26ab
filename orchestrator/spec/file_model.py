"""What a sweep file may hold, section by section."""

from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.common.named_files.plugins import Frozen, any_settings
from tracking.plotting.kinds.claim_plot import ClaimPlot
from tracking.plotting.kinds.panels import Panel
from tracking.plotting.kinds.surfaces import Surface
from tracking.verdicts.claim import CLAIMS, Claim

if TYPE_CHECKING:  # of a choice by name, types know what all choices have in common
    AnyClaim = Claim
else:
    AnyClaim = any_settings(CLAIMS)


MAX_DRAWN = 200  # curves, heat maps, panels, surfaces or claims of one file

Settings = dict[str, JsonValue]


class GridSections(Frozen):
    """What makes trials: all combinations of the axes."""

    fixed: Settings = Field({}, description="Settings that are equal in all trials; nested or with dotted keys.")
    vary: Settings = Field({}, description="One axis per setting: a list, count, linear_space or log_space.")
    zip: list[list[str]] = Field([], description="Axes that move together: lists of their names.")
    when: dict[str, Settings] = Field({}, description="Axes that exist only where other settings have these values.")
    exclude: list[Settings] = Field([], description="Combinations that are left out.")


class Sections(GridSections):
    """The sections that a profile may change."""

    grids: list[GridSections] = Field(
        [],
        max_length=MAX_DRAWN,
        description="Several grids instead of one: each is put over the sections above as a profile is; the trials "
        "are those of all of them, each once.",
    )
    measure: list[str] | None = Field(None, description="What is measured: names of measures.")
    curves: list[Curve] = Field([], max_length=MAX_DRAWN, description="What is drawn.")
    heatmaps: list[Heatmap] = Field(
        [], max_length=MAX_DRAWN, description="Quantities over two settings, or a setting and steps, drawn as colours."
    )
    panels: list[Panel] = Field(
        [], max_length=MAX_DRAWN, description="Curves that are also drawn side by side, on one page."
    )
    surfaces: list[Surface] = Field(
        [], max_length=MAX_DRAWN, description="Measures over two others, drawn as filled contours."
    )
    claim_plots: list[ClaimPlot] = Field(
        [], max_length=MAX_DRAWN, description="Numbers of several claims of one kind, drawn with their intervals."
    )
    claims: list[AnyClaim] = Field([], max_length=MAX_DRAWN, description="What is judged.")


class File(Sections):
    """A sweep: one YAML file."""

    title: str = Field(description="One line for people; the title of the figures.")
    source: str = Field("", description="Where the experiment comes from: a paper and its figure.")
    notes: str = Field("", description="What was chosen and why.")
    experiment: str = Field(description="The experiment: what a trial does.")
    profiles: dict[str, Sections] = Field(
        {}, description="Named changes, such as debug (seconds) and laptop (minutes)."
    )
