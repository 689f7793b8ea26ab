"""What a sweep file says of a curve: which measure against what, for which trials, with which band."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tracking.analysis.specs.quantity import Split, Y, once_a_trial, refuse_split
from tracking.common.named_files.plugins import Frozen

FigureName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)]  # of a file, too
Scalar = bool | int | float | str | None
At = Literal["first", "last", "best", "every", "matched"] | Annotated[int, Field(ge=0)]
Scale = Literal["linear", "log"]
LOGARITHMIC = ("parameters", "width", "train_size", "learning_rate", "time", "ridge")


def Listed(one: Any) -> BeforeValidator:
    """One value written alone is a list of one."""
    return BeforeValidator(
        lambda v: (v,) if isinstance(v, str | int) else tuple(v) if isinstance(v, list) else v,
        json_schema_input_type=one | tuple[one, ...],
    )


def _number_alone(given: Any) -> Any:
    """A reference that is a number needs no keys."""
    return {"value": given} if isinstance(given, int | float) and not isinstance(given, bool) else given


class Reference(Frozen):
    """A line to compare with: a number, or a number divided by a setting of each trial."""

    value: float = Field(description="The number.")
    over: str = Field("", description="The setting that the number is divided by; the number itself if absent.")

    def __str__(self) -> str:
        return f"{self.value:g} / {self.over.split('.')[-1].replace('_', ' ')}" if self.over else f"{self.value:g}"


class Curve(Frozen):
    """What one figure shows: y against x, with a line for each combination of the settings in `group`."""

    name: FigureName = Field(description="File name of the figure, without ending.")
    x: str = Field(
        description="A setting (net.width), a measure (parameters), or `step`. A setting whose values are not all "
        "numbers is drawn as marks beside each other in the order of the file, not joined by lines."
    )
    y: Y = Field(
        description="The measure that is drawn, or what is derived from measures in every trial: "
        "{gap: error}, {first_step: {measure: error, split: train, at_most: 0}}, {ratio: [risk, norm]}."
    )
    split: Annotated[tuple[Split, ...], Listed(Split)] | None = Field(
        None, description="Which data y is measured on; '' for what belongs to none. Every one recorded if absent."
    )
    layer: Annotated[tuple[str, ...], Listed(str)] | None = Field(
        None, description="Which layers; if absent, the whole network where it is recorded, else every layer."
    )
    x_split: Split = Field("", description="The split of x where x is a measure.")
    group: Annotated[tuple[str, ...], Listed(str)] | None = Field(
        None,
        description="Settings that tell lines apart. If absent: all that vary, except the seed, the one along x, and "
        "numbers that move with it. A setting that is no number, or that is a condition of `when`, makes lines even if "
        "it moves with x, so that no line joins networks of different kinds. Where x is a measure, the one along x is "
        "the numeric setting that explains the largest share of its variance. None for `points`.",
    )
    where: dict[str, Scalar | list[Scalar]] = Field(
        {}, description="Only trials with these settings: a value or a list."
    )
    centre: Literal["mean", "median"] = Field("mean", description="What is drawn for the seeds together.")
    band: Literal["ci95", "sd", "minmax", "iqr", "none"] = Field("ci95", description="What the band around it is.")
    at: Annotated[tuple[At, ...], Listed(At)] = Field(
        (),
        description="Which step of a trial: `first`; `last`; a number, which every trial must have recorded; `best`, "
        "where y on the test split is smallest in that trial (optimal early stopping), or the test error, else the "
        "test risk, where y has no test split; `matched`, where its training risk first falls to the same level as "
        "that of all others, interpolated; `every`. If absent: every for x = step, else last.",
    )
    matched_risk: float | None = Field(
        None,
        gt=0,
        description="With at matched: the training risk. If absent, the lowest that all trials reach that are shown.",
    )
    points: bool = Field(
        False, description="A mark for every trial instead of lines over seeds (a scatter plot of two measures)."
    )
    correlation: Literal["kendall", "spearman", "pearson"] | None = Field(
        None,
        description="With points: the correlation of x and y over all of them, with its 95 % interval (Fisher), "
        "written into the figure.",
    )
    x_scale: Scale | None = Field(
        None, description="log if absent for parameters, width, train_size, time and the like."
    )
    y_scale: Scale = Field("linear", description="Scale of the y axis.")
    threshold: bool | str = Field(
        False,
        description="Marks the interpolation threshold, parameters = training examples, where x is parameters. true "
        "takes their number from data.train_size; else the name of the setting that holds it.",
    )
    reference: Annotated[Reference, BeforeValidator(_number_alone, json_schema_input_type=float | Reference)] | None = (
        Field(
            None,
            description="A line to compare with: a number, or {value: 2, over: optimizer.learning_rate}, which is "
            "2 divided by that setting of each trial.",
        )
    )
    title: str = Field("", description="Above the figure; made from the sweep's title if absent.")
    x_label: str = Field("", description="Below the x axis; made from x if absent.")
    y_label: str = Field("", description="Beside the y axis; made from y and the splits if absent.")

    @model_validator(mode="after")
    def _fits_together(self) -> "Curve":
        if self.x == "step" and self.at not in ((), ("every",)):
            raise ValueError(f"at must be `every` where x is step, got {', '.join(map(str, self.at))}; leave it out")
        refuse_split(self.y, self.split)
        if once_a_trial(self.y) and (self.x == "step" or self.at not in ((), ("last",))):
            raise ValueError("a first step is one number a trial: x cannot be step, and at is left out")
        if self.matched_risk is not None and "matched" not in self.at:
            raise ValueError("matched_risk goes with at: matched")
        if self.band == "sd" and self.centre == "median":
            raise ValueError("band sd belongs to the mean; with the median use iqr, minmax or ci95")
        if self.correlation and not (self.points and self.steps in {(one,) for one in ("first", "last", "matched")}):
            raise ValueError("correlation is of points, one of each trial; set points, and at to one of first, last, "
                             "matched")  # fmt: skip
        if self.threshold and self.x != "parameters":
            raise ValueError(f"threshold marks a number of parameters, but x is {self.x}; leave it out")
        return self

    @property
    def steps(self) -> tuple[At, ...]:
        """`at` with its default filled in."""
        return self.at or (("every",) if self.x == "step" else ("last",))

    @property
    def x_logarithmic(self) -> bool:
        """Whether the x axis is logarithmic."""
        return self.x_scale == "log" if self.x_scale else self.x.split(".")[-1] in LOGARITHMIC
