"""What axes are called, and what stands below a figure, in the words of the field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from tracking.analysis.moments import DECIDE
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import Condition, Quantity, bounds
from tracking.analysis.statistics.correlation import of_points
from tracking.analysis.statistics.intervals import LEVEL, Bounds
from tracking.analysis.values import at_words
from tracking.common.text import count_of, printable

if TYPE_CHECKING:
    import pandas as pd

NAMES = {
    "parameters": "number of parameters",
    "train_size": "number of training examples",
    "error": "classification error",
    "norm": r"Euclidean norm $\Vert W\Vert_2$",
    "frobenius_norm": r"Frobenius norm $\Vert W_k\Vert_F$",
    "norm_product": r"$\log\,(\Vert W_1\Vert_F \cdots \Vert W_K\Vert_F)$",
    "label_noise": "fraction of random labels",
    "normalized_risk": r"risk of the normalised network",
    "margin": r"margin $\min\,(f_y - \max_{c\neq y} f_c)$",
    "normalized_margin": r"margin of the normalised network",
    "normalized_margin_10th_percentile": "10th percentile of margins / product of norms",
    "margin_10th_percentile": "10th percentile of margins",
    "cross_entropy": "cross-entropy",
    "sharpness": "sharpness (largest eigenvalue)",
    "trace": "Hessian trace",
    "pac_bayes": r"PAC-Bayes $\sigma$",
    "pac_bayes_magnitude": r"PAC-Bayes $\sigma$ relative to the weights",
    "distance_from_init": r"distance from initialisation $\Vert W - W_0\Vert_F$",
    "l1_norm": r"$\Vert W\Vert_1$",
    "spectral_norm": r"spectral norm $\Vert W_k\Vert_2$",
    "spectral_norm_product": r"$\log\,(\Vert W_1\Vert_2 \cdots \Vert W_K\Vert_2)$",
    "fisher_rao": "Fisher-Rao norm",
    "relative_curvature": "|eigenvalue| / largest",
    "cosine_max_margin": "cosine with the maximum margin",
    "cosine_minimum_norm": "cosine with the minimum norm",
    "loss_beside_weights": "loss",
    "time": "time $t$",
    "layers": "number of layers $K$",
}
SIGNS = {
    r"\Vert ": "‖", r"\Vert": "‖", r"\cdots": "⋯", r"\log\,": "log ", r"\min\,": "min ", r"\max_{c\neq y} ": "max ",
    r"\sigma": "σ", "_0": "₀", "_1": "₁", "_2": "₂", "_k": "ₖ", "_y": "", "f_c": "others", "$": "",
}  # fmt: skip
MOST_GROUPS = 6  # of a scatter plot, whose rank correlations are said one by one
SPLITS = {"train": "training", "test": "test"}
BANDS = {
    "sd": "one standard deviation",
    "iqr": "first to third quartile",
    "minmax": "smallest to largest",
    "ci95": "95% interval of the {centre} ({how})",
}


@dataclass(frozen=True)
class Caption:
    """What a figure says of its sweep that no number does. step: what a step is called. codes: how many trials each
    version of the code has computed, where there are several. bounds: of measures, as in `Frame`."""

    title: str = ""
    source: str = ""
    data: str = ""
    step: str = "step"
    codes: tuple[str, ...] = ()
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    def origin(self) -> str:
        """Data, source and versions of the code, in sentences."""
        data, source = [f"Data: {self.data}."] * bool(self.data), [f"After {self.source}."] * bool(self.source)
        computed = [f"Trials computed by different versions of the code: {', '.join(self.codes)}."] * bool(self.codes)
        return " ".join([*data, *source, *computed])


def verbatim(text: str) -> str:
    """The text as Matplotlib shows it letter by letter: a dollar sign starts no formula, and what cannot be drawn is
    spelled out."""
    return printable(text).replace("$", r"\$")


def title(curve: Curve, splits: list[str], caption: Caption) -> str:
    """What the curve says of itself, else what it shows: "Test error against number of parameters"."""
    if curve.title:
        return curve.title
    y = curve.y_label or in_unicode(measure(curve.y, splits[0] if len(splits) == 1 else "", caption.step))
    x = curve.x_label or in_unicode(named_axis(curve.x, caption, curve.x_split))
    return f"{y} against {x[:1].lower()}{x[1:]}"


def in_unicode(label: str) -> str:
    """A label with formulas as plain text, for places that set none: "Euclidean norm ‖W‖₂". Labels of users contain
    no formulas and are no input."""
    for command, sign in SIGNS.items():
        label = label.replace(command, sign)
    return label


def x_axis_label(curve: Curve, caption: Caption) -> str:
    """The setting or measure in words, or what a step is called, if the curve does not say it."""
    if curve.x_label:
        return verbatim(curve.x_label)
    return named_axis(curve.x, caption, curve.x_split)


def named_axis(name: str, caption: Caption, split: str = "") -> str:
    """A setting or measure in words, or what a step is called."""
    return _capital(caption.step if name == "step" else _measure(name, split))


def y_axis_label(curve: Curve, splits: list[str], caption: Caption) -> str:
    """The quantity in words, with its split where there is only one, if the curve does not say it."""
    return verbatim(curve.y_label) or measure(curve.y, splits[0] if len(splits) == 1 else "", caption.step)


def measure(quantity: Quantity, split: str = "", step: str = "step") -> str:
    """A quantity in words, for an axis; `step` is what a step is called."""
    return _capital(_measure(quantity, split, step))


def in_two_lines(label: str, letters: int) -> str:
    """A label longer than so many letters, broken at the space outside of formulas that is nearest its middle."""
    if len(in_unicode(label)) <= letters or "\n" in label:
        return label
    spaces = [i for i, sign in enumerate(label) if sign == " " and label[:i].count("$") % 2 == 0]
    if not spaces:
        return label
    middle = min(spaces, key=lambda i: abs(len(in_unicode(label[:i])) - len(in_unicode(label[i + 1 :]))))
    return f"{label[:middle]}\n{label[middle + 1 :]}"


def is_share(quantity: Quantity) -> bool:
    """Whether it is shown in per cent: an error, or the gap of one."""
    return quantity == "error" or (not isinstance(quantity, str) and quantity.gap == "error")


def _measure(quantity: Quantity, split: str = "", step: str = "step") -> str:
    """A derived quantity by its parts: "test minus training error", "first epoch with training error 0 or less"."""
    if isinstance(quantity, str):
        return f"{SPLITS[split]} {_words(quantity).replace('classification ', '')}" if split else _words(quantity)
    if quantity.measure is not None:
        return f"{_measure(quantity.measure, quantity.split)} {quantity.layer}".strip()
    if quantity.gap is not None:
        return f"test minus {_measure(quantity.gap, 'train')}"
    if quantity.first_step is not None:
        return f"first {step} with {_condition(quantity.first_step)}"
    sign, *both = quantity.operands()
    one, other = (_measure(part, split, step) for part in both)
    return (
        f"{one} {sign} {other}"
        if all(isinstance(part, str) or part.measure for part in both)
        else f"({one}) {sign} ({other})"
    )


def _condition(when: Condition) -> str:
    bound = f"at most {when.at_most:g}" if when.at_most is not None else f"at least {when.at_least:g}"
    return f"{f'{_measure(when.measure, when.split)} {when.layer}'.strip()} {bound}"


def _words(name: str) -> str:
    last = name.split(".")[-1]
    return NAMES.get(last, last.replace("_", " "))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def footer(curve: Curve, table: "pd.DataFrame", caption: Caption, thin: bool, bars: bool) -> list[str]:
    """What the picture rests on: seeds, band, data and source, and whatever is not in it."""
    used, within = table.loc[table["n"] > 0, "n"], bounds(curve.y, caption.bounds)
    notes = [_seeds(curve, used, thin, "bars" if bars else "band", within)] if len(used) else []
    if curve.correlation:
        notes.append(f"In brackets: the {LEVEL:.0%} interval of the correlation of all marks (Fisher's z).")
    elif curve.points:
        notes += ranks(curve, table)
    notes.append(caption.origin())
    notes += moments(curve, table, caption.step)
    notes.append(left_out(curve, table, crosses="every" not in curve.steps and not curve.points))
    return [note for note in [*notes, *_cut(curve, table, within), *_not_shown(curve, table, caption.step)] if note]


def ranks(curve: Curve, table: "pd.DataFrame") -> list[str]:
    """How the marks of a scatter plot are ordered: Kendall's rank correlation, of all and within each group."""
    shown = table[table["centre"].notna() & table["x"].notna() & (table["x_text"] == "")]
    series = [column for column in ("split", "layer", "at") if shown[column].nunique() > 1]
    said = []
    for names, part in shown.groupby(series, sort=False) if series else [((), shown)]:
        found = of_points(part["x"].to_numpy(float), part["centre"].to_numpy(float), "kendall")
        if found is None:
            continue
        which = f" ({', '.join(map(str, names))})" if names else ""
        ends = f"{LEVEL:.0%} interval {found.low:.2f} to {found.high:.2f}, {found.kind}"
        about = f"{found.centre:.2f} ({ends}; {count_of(len(part), 'trial')})"
        said.append(f"Kendall's rank correlation{which}: {about}{_within(part)}.")
    return said


def _within(shown: "pd.DataFrame") -> str:
    """The rank correlation within each group, where there are several and they are few: it may be another's."""
    groups = list(shown.groupby("legend", sort=False))
    if not 2 <= len(groups) <= MOST_GROUPS:
        return ""
    found = {
        str(name): of_points(part["x"].to_numpy(float), part["centre"].to_numpy(float), "kendall")
        for name, part in groups
    }
    each = [f"{name} {rank.centre:.2f}" for name, rank in found.items() if rank]
    return f"; within {', '.join(each)}" if each else ""


def left_out(curve: Curve, table: "pd.DataFrame", crosses: bool = False) -> str:
    """How many trials are in no average, and why; "" where all are. `crosses`: whether those without a number that
    ended are marked."""
    lacking = not_averaged(curve, table)
    ended = [what for what in lacking if what in ("diverged", "not finite", "not reached")]
    crossed = f" (crosses: {' or '.join(ended)})" if crosses and ended else ""
    return f"Trials left out: {', '.join(f'{n} {what}' for what, n in lacking.items())}{crossed}." if lacking else ""


def moments(curve: Curve, table: "pd.DataFrame", step: str) -> list[str]:
    """What the best step is, and at which risk trials are matched."""
    said = []
    if "best" in curve.steps and set(table["split"]) == {""}:
        decide = ", or where that is not measured its ".join(_measure(one, "test") for one in DECIDE)
        said.append(f"Best {step}: where the {decide}, is smallest in a trial.")
    elif "best" in curve.steps:
        said.append(f"Best {step}: where the {_measure(curve.y, 'test')} of a trial is smallest.")
    if "matched" in curve.steps:
        level = next(at for at in table["at"] if at.startswith("risk "))
        lowest = "" if curve.matched_risk else ", the lowest that all of them reach"
        said.append(f"Matched: each trial where its {at_words(level, step)} is first reached{lowest}.")
    return said


def _cut(curve: Curve, table: "pd.DataFrame", within: Bounds) -> list[str]:
    """That bands reach beyond what the quantity can be, and are not drawn there."""
    low, high = within
    beyond = int(((table["low"] < low) | (table["high"] > high)).sum())
    ends = [f"{end:.0%}" if is_share(curve.y) else f"{end:g}" for end in (low, high) if abs(end) != inf]
    return [f"Bands are drawn within {' and '.join(ends)}; {beyond} reach beyond it."] if beyond else []


def _not_shown(curve: Curve, table: "pd.DataFrame", step: str) -> list[str]:
    """How many points have a centre and no place on the axes."""
    known = table[table["centre"].notna()]
    said = []
    if hidden := int((known["centre"] <= 0).sum()) if curve.y_scale == "log" else 0:
        said.append(f"{count_of(hidden, 'point is', 'points are')} 0 or less and not on the logarithmic axis.")
    if curve.x_logarithmic and curve.x == "step" and (known["x"] == 0).any():
        said.append(f"{_capital(step)} 0 is not on the logarithmic axis.")
    if without := int(known["x"].isna().sum()):
        said.append(f"{count_of(without, 'point has', 'points have')} no {_words(curve.x)}: not shown.")
    return said


def not_averaged(curve: Curve, table: "pd.DataFrame") -> dict[str, int]:
    """How many trials are diverged, failed, missing or not finite, on the split and layer that lack most."""
    counts = ["diverged", "failed", "missing", "not_finite", "not_reached"]
    series = ["split", "layer", "at"]
    if "every" in curve.steps:  # a cell stands there once for each of its steps
        table = table.groupby(["line", *series], sort=False)[counts].max().reset_index()
    lacking = table.groupby(series)[counts].sum().max()
    return {str(what).replace("_", " "): int(n) for what, n in lacking.items() if n > 0}


def averaged(curve: Curve, table: "pd.DataFrame") -> str:
    """Over how many seeds: "mean of 3 to 5 seeds"."""
    used = table.loc[table["n"] > 0, "n"]
    few, many = int(used.min()), int(used.max())
    seeds = count_of(many, "seed") if few == many else f"{few} to {count_of(many, 'seed')}"
    return f"{curve.centre} of {seeds}" if many > 1 else "one seed"


def _seeds(curve: Curve, used: "pd.Series[int]", thin: bool, band: str, within: Bounds) -> str:
    """`used`: the trials of each point that has some."""
    if curve.points:
        return "A mark for the only trial." if len(used) == 1 else f"A mark for each of {count_of(len(used), 'trial')}."
    many = int(used.max())
    single = "One trial a point" if curve.band == "none" else "One seed, hence no band"
    parts = [_capital(averaged(curve, used.to_frame())) if many > 1 else single]
    if curve.band != "none" and many > 1:
        how = "order statistics" if curve.centre == "median" else within.kind
        parts.append(f"{band}: " + BANDS[curve.band].format(centre=curve.centre, how=how))
    if thin and many > 1:
        parts.append("thin: single seeds")
    return "; ".join(parts) + "."
