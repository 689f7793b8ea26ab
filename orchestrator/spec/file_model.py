"""What a sweep file may hold, section by section."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from tracking.analysis.curve_spec import Curve
from tracking.common.plugins import Frozen, any_settings
from tracking.plotting.panels import Panel
from tracking.plotting.surfaces import Surface
from tracking.verdicts.claim import CLAIMS, Claim

if TYPE_CHECKING:  # of a choice by name, types know what all choices have in common
    AnyClaim = Claim
else:
    AnyClaim = any_settings(CLAIMS)


class Sections(Frozen):
    """The sections that a profile may change."""

    fixed: dict[str, Any] = Field({}, description="Settings that are equal in all trials; nested or with dotted keys.")
    vary: dict[str, Any] = Field({}, description="One axis per setting: a list, count, linear_space or log_space.")
    zip: list[list[str]] = Field([], description="Axes that move together: lists of their names.")
    when: dict[str, dict[str, Any]] = Field(
        {}, description="Axes that exist only where other settings have these values."
    )
    exclude: list[dict[str, Any]] = Field([], description="Combinations that are left out.")
    measure: list[str] | None = Field(None, description="What is measured: names of files in workers/measures.")
    curves: list[Curve] = Field([], description="What is drawn.")
    panels: list[Panel] = Field([], description="Curves that are also drawn side by side, on one page.")
    surfaces: list[Surface] = Field([], description="Measures over two others, drawn as filled contours.")
    claims: list[AnyClaim] = Field([], description="What is judged.")


class File(Sections):
    """A sweep: one YAML file."""

    title: str = Field(description="One line for people; the title of the figures.")
    source: str = Field("", description="Where the experiment comes from: a paper and its figure.")
    notes: str = Field("", description="What was chosen and why.")
    experiment: str = Field(description="The experiment: the name of a file in workers/experiments.")
    profiles: dict[str, Sections] = Field(
        {}, description="Named changes, such as debug (seconds) and laptop (minutes)."
    )
