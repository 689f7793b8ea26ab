"""A verdict on a claim: holds, fails, or not enough data, with its numbers; and the rules that all claims share.

A claim is one file of `tracking/claims`: its Settings, and `judge(frame, settings) -> (verdict, evidence)`, which sees
the finished trials that the claim's `where` selects. Around every `judge`, here:

    - Every cell (the trials that differ only in their seed) needs `min_seeds` finished trials. Where one has fewer,
      because they are missing, running, failed or diverged, the verdict is "not enough data".
    - Diverged trials give no numbers. Where there are more than `max_diverged` among the trials compared, a claim that
      would hold on the others is not said to hold: "not enough data". One that fails without them fails.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from pydantic import Field
from typing_extensions import TypeVar

from tracking.analysis.aggregate import aggregate
from tracking.analysis.curve_spec import Curve, Scalar
from tracking.analysis.grouping import selected, settings, words
from tracking.common.errors import Refused
from tracking.common.plugins import Frozen, Kind

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

Finding = Literal["holds", "fails", "not enough data"]
Evidence = dict[str, float | int | str | list[Any]]
Judged = tuple[Finding, Evidence]


@dataclass(frozen=True)
class Verdict:
    """What was found of one claim. `evidence` holds finite numbers, texts and lists of them, ready for JSON."""

    name: str
    verdict: Finding
    evidence: Evidence
    statement: str
    label: str = ""


class Claim(Frozen):
    """What every claim's Settings have in common."""

    name: str
    label: str = Field("", description="A short name, such as C6.")
    statement: str = Field("", description="The sentence that is tested, in its source's words.")
    where: dict[str, Scalar | list[Scalar]] = Field(
        {}, description="Only trials with these settings: a value or a list."
    )
    min_seeds: int = Field(1, ge=1, description="Finished trials that every cell needs; with fewer: not enough data.")
    max_diverged: int = Field(0, ge=0, description="Diverged trials with which the claim may still hold on the others.")


S = TypeVar("S", bound=Claim, default=Claim)


class ClaimFile(Protocol[S]):
    """What a file of tracking/claims must have."""

    @property
    def Settings(self) -> type[S]:
        """The keys of an item below `claims` in a sweep file, with `name`, the name of the file."""

    def judge(self, frame: "Frame", settings: S, /) -> Judged:
        """The verdict on the finished trials that the claim's `where` selects, and its evidence."""


CLAIMS: Kind[ClaimFile] = Kind("claim", "tracking.claims", ClaimFile)


class Quantity(NamedTuple):
    """A measure on a split, at the last step or at the best one (smallest on the test split)."""

    y: str
    split: Literal["train", "test", ""]
    at: Literal["last", "best"] = "last"


def verify(frame: "Frame", claims: Iterable[Claim]) -> list[Verdict]:
    """Every claim's verdict on what is recorded. A claim that asks for what is not recorded has not enough data."""
    return [_verdict(frame, claim) for claim in claims]


def _verdict(frame: "Frame", claim: Claim) -> Verdict:
    try:
        chosen = selected(frame, claim.where)
        tally = _tally(chosen)
        finished = chosen.only(chosen.trials["state"] == "finished")
        finding, evidence = CLAIMS.load(claim.name).judge(finished, claim)
    except Refused as refusal:
        return Verdict(claim.name, "not enough data", {"reason": str(refusal)}, claim.statement, claim.label)
    lacking = tally["seeds"] < claim.min_seeds
    doubtful = finding == "holds" and tally["diverged"] > claim.max_diverged
    if lacking or doubtful:
        finding = "not enough data"
    counts = {k: v for k, v in tally.items() if v or k in ("trials", "seeds")}
    return Verdict(claim.name, finding, {**_plain(evidence), **counts}, claim.statement, claim.label)


def _tally(frame: "Frame") -> dict[str, int]:
    """Finished trials in all (trials) and in the cell that has fewest (seeds), and how many are not, by reason."""
    state = frame.trials["state"]
    done = state == "finished"
    return {
        "trials": int(done.sum()),
        "seeds": int(done.groupby(frame.trials["cell"]).sum().min()),
        "diverged": int((state == "diverged").sum()),
        "failed": int(state.isin(["failed", "cancelled"]).sum()),
        "missing": int(state.isin(["missing", "running"]).sum()),
    }


def _plain(evidence: Evidence) -> Evidence:
    """Python's own numbers, and none that JSON cannot write: what is not finite says nothing."""
    plain = {k: v.item() if hasattr(v, "item") else v for k, v in evidence.items()}
    return {k: v for k, v in plain.items() if not isinstance(v, float) or abs(v) < float("inf")}


def varied(frame: "Frame") -> list[str]:
    """The settings that take more than one value."""
    return [name for name in settings(frame) if frame.trials[name].nunique(dropna=False) > 1]


def each_line(
    frame: "Frame", x: str, quantities: dict[str, Quantity], check: "Callable[[pd.DataFrame], Judged]"
) -> Judged:
    """Judges every line (combination of the settings that vary beside x) on its own.

    `check` gets one line's points, ordered by x: x, n, and for each quantity its mean over seeds under its name and
    the standard deviation under name + "_sd" (NaN for one seed). One line that fails makes the claim fail, and one
    without enough data leaves it open; with several lines, the evidence names the line.
    """
    lines = _points(frame, x, quantities)
    judged = {name: check(points) for name, points in lines.items()}
    findings = [finding for finding, _ in judged.values()]
    worst: Finding = next((f for f in ("fails", "not enough data") if f in findings), "holds")
    if len(judged) == 1:
        return worst, next(iter(judged.values()))[1]
    named = {
        f"{name}: {k}": v for name, (finding, found) in judged.items() for k, v in {"verdict": finding, **found}.items()
    }
    return worst if judged else "not enough data", named


def _points(frame: "Frame", x: str, quantities: dict[str, Quantity]) -> "dict[str, pd.DataFrame]":
    """One table of all quantities for each line, under the line's name."""
    tables = [_quantity(frame, x, name, quantity) for name, quantity in quantities.items()]
    whole = functools.reduce(lambda one, two: one.merge(two.drop(columns="n"), on=["line", "x"]), tables)
    found = whole.dropna(subset=["x", *quantities]).sort_values("x")
    return {str(line): part.reset_index(drop=True) for line, part in found.groupby("line", sort=False)}


def _quantity(frame: "Frame", x: str, name: str, quantity: Quantity) -> "pd.DataFrame":
    curve = Curve(name=name, x=x, y=quantity.y, split=(quantity.split,), at=(quantity.at,), band="sd")
    found = aggregate(frame, curve, varied(frame))
    group = found.loc[:, "line":"split"].columns[1:-1]
    line = [", ".join(words(c, row[c]) for c in group) for _, row in found.iterrows()]
    spread = {f"{name}_sd": found["high"] - found["centre"]}
    return found.assign(line=line, **spread).rename(columns={"centre": name})[["line", "x", "n", name, f"{name}_sd"]]


def welch(one: "pd.Series[float]", two: "pd.Series[float]", name: str) -> tuple[float, float]:
    """Difference of the means of a quantity at two points, and the half width of its 95 % interval (Welch 1947).

    The half width is NaN where a point has one seed only, and 0 where neither has any spread.
    """
    from scipy.stats import t

    difference = float(one[name] - two[name])
    a, b = (float(p[f"{name}_sd"]) ** 2 / float(p["n"]) for p in (one, two))
    if a + b == 0:
        return difference, 0.0
    freedom = (a + b) ** 2 / (a**2 / max(float(one["n"]) - 1, 1) + b**2 / max(float(two["n"]) - 1, 1))
    return difference, float(t.ppf(0.975, freedom) * (a + b) ** 0.5)
