"""What a sweep file says of a heat map: which quantity, over which two settings, or over a setting and the steps."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tracking.analysis.specs.curve_spec import At, Curve, FigureName, Listed, Scalar, Scale
from tracking.analysis.specs.quantity import Split, Y, has_own_split, once_a_trial, refuse_split
from tracking.common.named_files.plugins import Frozen


class Heatmap(Frozen):
    """Colours of z over x and y, averaged over seeds; a panel for each combination of the settings in `group`."""

    name: FigureName = Field(description="File name of the figure, without ending.")
    x: str = Field(description="A setting, or `step`.")
    y: str = Field(description="Another setting, or `step`.")
    z: Y = Field(description="The measure whose colour is drawn, or what is derived from measures in every trial.")
    split: Split = Field("", description="The data that z is measured on; absent for what belongs to none.")
    layer: str = Field("", description="The layer of z; the whole network if absent.")
    group: Annotated[tuple[str, ...], Listed(str)] = Field(
        (), description="Settings that have a panel of their own for each of their values."
    )
    where: dict[str, Scalar | list[Scalar]] = Field(
        {}, description="Only trials with these settings: a value or a list."
    )
    centre: Literal["mean", "median"] = Field("mean", description="What is drawn for the seeds together.")
    at: At | None = Field(
        None, description="Which step of a trial, as for a curve; last if absent. Not where x or y is step."
    )
    x_scale: Scale | None = Field(
        None,
        description="If absent, log where the logarithms of the values are evenly spaced, linear where they "
        "themselves are, else cells of equal size; linear for steps.",
    )
    y_scale: Scale | None = Field(None, description="As x_scale.")
    z_scale: Scale = Field("linear", description="Scale of the colours.")
    title: str = Field("", description="Above the figure; made from the sweep's title if absent.")
    x_label: str = Field("", description="Below the x axis; made from x if absent.")
    y_label: str = Field("", description="Beside the y axis; made from y if absent.")

    @model_validator(mode="after")
    def _fits_together(self) -> "Heatmap":
        if self.x == self.y:
            raise ValueError(f"x and y must differ, got {self.x} for both")
        refuse_split(self.z, self.split)
        if "step" in (self.x, self.y) and self.at is not None:
            raise ValueError("every step is shown where x or y is step; leave at out")
        if self.at == "every":
            raise ValueError("a cell has one value; for every step let x or y be step")
        if once_a_trial(self.z) and ("step" in (self.x, self.y) or self.at not in (None, "last")):
            raise ValueError("a first step is one number a trial: neither x nor y can be step, and at is left out")
        return self

    @property
    def across(self) -> str:
        """The axis that is not `along`: a setting in any case."""
        return self.x if self.y == "step" else self.y

    def curve(self) -> Curve:
        """The curve whose points are the cells: along x, or the steps, with a line for each value across."""
        return Curve(
            name=self.name, x=self.y if self.y == "step" else self.x, y=self.z, where=self.where, centre=self.centre,
            split=None if has_own_split(self.z) else (self.split,), layer=(self.layer,) if self.layer else None,
            group=(self.across, *self.group), band="none", at=() if self.at is None else (self.at,),
        )  # fmt: skip
