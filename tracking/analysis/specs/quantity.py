"""What a curve or a claim looks at: a measure, or a number that is derived from measures in every trial by itself.

Derived before anything is averaged: the mean over seeds of a ratio, not the ratio of two means. A key says how:

    gap         {gap: error}                        test minus train, at every step that has both
    first_step  {first_step: {measure: error, split: train, at_most: 0}}
                                                    the first recorded step at which it holds; one number a trial
    ratio, product, difference
                {ratio: [risk, frobenius_norm]}     of two measures, or of two derived numbers, step by step
    measure     {measure: risk, split: test}        inside these: a measure on a split of its own
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tracking.analysis.statistics.intervals import ANY, POSITIVE, Bounds
from tracking.common.named_files.plugins import Frozen

Split = Literal["train", "test", ""]
KINDS = ("measure", "gap", "first_step", "ratio", "product", "difference")
SIGNS = {"ratio": "/", "product": "x", "difference": "-"}


class Condition(Frozen):
    """A bound on a measure."""

    measure: str = Field(description="The measure.")
    split: Split = Field("", description="The data it is measured on; absent for what belongs to none.")
    layer: str = Field("", description="The layer; absent for the whole network.")
    at_most: float | None = Field(None, description="The condition holds where the measure is at most this.")
    at_least: float | None = Field(None, description="The condition holds where the measure is at least this.")

    @model_validator(mode="after")
    def _one_bound(self) -> "Condition":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(
                "needs at_most or at_least, and not both; as in {measure: error, split: train, at_most: 0}"
            )
        return self

    def holds(self, value: float) -> bool:
        """Whether a value of the measure meets the bound."""
        return value <= self.at_most if self.at_most is not None else value >= (self.at_least or 0.0)

    def __str__(self) -> str:
        sign, bound = ("<=", self.at_most) if self.at_least is None else (">=", self.at_least)
        return f"{_measured(self.measure, self.split, self.layer)} {sign} {bound:g}"


class Derived(Frozen):
    """A number derived from measures, by exactly one of its keys (`split` and `layer` go with `measure`)."""

    gap: str | None = Field(None, description="The measure of which test minus train is taken.")
    first_step: Condition | None = Field(
        None,
        description="The first recorded step at which this holds. A trial in which it never does is counted as not "
        "reached, and is not averaged.",
    )
    ratio: tuple["Quantity", "Quantity"] | None = Field(
        None, description="The first divided by the second; a measure's name, or a derived number."
    )
    product: tuple["Quantity", "Quantity"] | None = Field(None, description="The product of the two.")
    difference: tuple["Quantity", "Quantity"] | None = Field(None, description="The first minus the second.")
    measure: str | None = Field(
        None, description="Inside a ratio, product or difference: a measure on a split of its own."
    )
    split: Split = Field("", description="The split of `measure`.")
    layer: str = Field("", description="The layer of `measure`; the whole network if absent.")

    @model_validator(mode="after")
    def _by_one_key(self) -> "Derived":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            said = f"{' and '.join(given)}" if given else "none of them"
            raise ValueError(f"needs exactly one of {', '.join(KINDS)}, got {said}; as in {{gap: error}}")
        if (self.split or self.layer) and self.measure is None:
            raise ValueError(f"split and layer go with measure, and {given[0]} has none; write them inside of it")
        return self

    def __str__(self) -> str:
        if self.measure is not None:
            return _measured(self.measure, self.split, self.layer)
        if self.gap is not None:
            return f"test - train {self.gap}"
        if self.first_step is not None:
            return f"first step with {self.first_step}"
        sign, one, other = self.operands()
        return f"{_inside(one)} {sign} {_inside(other)}"

    def operands(self) -> tuple[str, "Quantity", "Quantity"]:
        """The sign of a ratio, product or difference, and what stands before and after it."""
        both = self.ratio or self.product or self.difference
        assert both
        return next(sign for kind, sign in SIGNS.items() if getattr(self, kind)), *both

    def inside(self) -> Iterator[tuple[tuple[str | int, ...], "Quantity"]]:
        """The two parts of a ratio, product or difference, and where they stand below this."""
        for kind in SIGNS:
            for i, part in enumerate(getattr(self, kind) or ()):
                yield (kind, i), part


Quantity = str | Derived
Derived.model_rebuild()


def _by_itself(quantity: Quantity) -> Quantity:
    if isinstance(quantity, Derived) and quantity.measure is not None:
        raise ValueError(f"write the measure alone, {quantity.measure}, and its split or layer beside it")
    return quantity


Y = Annotated[Quantity, AfterValidator(_by_itself)]  # what can be drawn or judged


class Use(Frozen):
    """A measure that a quantity is made of: where it is named, below the quantity, and on which split and layer.

    splits: None where the measure is taken on whatever split is drawn.
    """

    path: tuple[str | int, ...]
    measure: str
    splits: tuple[Split, ...] | None = None
    layer: str = ""


def uses(quantity: Quantity, path: tuple[str | int, ...] = ()) -> Iterator[Use]:
    """Every measure that a quantity is made of, in the order in which they are written."""
    if isinstance(quantity, str):
        yield Use(path=path, measure=quantity)
    elif quantity.measure is not None:
        where = (*path, "measure")
        yield Use(path=where, measure=quantity.measure, splits=(quantity.split,), layer=quantity.layer)
    elif quantity.gap is not None:
        yield Use(path=(*path, "gap"), measure=quantity.gap, splits=("train", "test"))
    elif (when := quantity.first_step) is not None:
        where = (*path, "first_step", "measure")
        yield Use(path=where, measure=when.measure, splits=(when.split,), layer=when.layer)
    else:
        for below, part in quantity.inside():
            yield from uses(part, (*path, *below))


def measures_of(quantity: Quantity) -> list[str]:
    """The names of the measures that a quantity is made of, each once."""
    return list(dict.fromkeys(use.measure for use in uses(quantity)))


def has_own_split(quantity: Quantity) -> bool:
    """Whether a quantity says itself on which data everything in it is measured, so that it belongs to no split."""
    return all(use.splits is not None for use in uses(quantity))


def once_a_trial(quantity: Quantity) -> bool:
    """Whether a trial has one number of it, and not one at every step."""
    if isinstance(quantity, str):
        return False
    return quantity.first_step is not None or any(once_a_trial(part) for _, part in quantity.inside())


def bounds(quantity: Quantity, known: Mapping[str, Bounds]) -> Bounds:
    """Between which numbers its values lie. known: those of the measures that say it. Ratios and products of positive
    numbers are positive."""
    if isinstance(quantity, str):
        return known.get(quantity, ANY)
    if quantity.measure is not None:
        return known.get(quantity.measure, ANY)
    if quantity.ratio or quantity.product:
        return POSITIVE if all(bounds(part, known).low >= 0 for _, part in quantity.inside()) else ANY
    return POSITIVE if quantity.first_step else ANY


def _measured(measure: str, split: str, layer: str) -> str:
    return " ".join(filter(None, (split, measure, layer)))


def _inside(quantity: Quantity) -> str:
    return f"({quantity})" if isinstance(quantity, Derived) and quantity.measure is None else str(quantity)


def named(quantity: Quantity, split: str = "", layer: str = "") -> str:
    """A quantity on a split and layer in a sentence: "test error"; one that says its own split, as it is."""
    return _measured(str(quantity), "" if has_own_split(quantity) else split, layer)


def refuse_split(quantity: object, split: object) -> None:
    """Raises ValueError where a split is given for what says its own."""
    if split and isinstance(quantity, Derived) and has_own_split(quantity):
        raise ValueError(f"{quantity} says itself what it is measured on; leave split out")
