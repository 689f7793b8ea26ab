"""A verdict in plain sentences: what was found, of how many trials, and the criterion."""

from tracking.common.text import count_of
from tracking.verdicts.finding import LOST, REASON, Numbers, Verdict
from tracking.verdicts.wording import lost


def sentence(verdict: Verdict) -> str:
    """What was found, and the criterion: "Found: ...; 24 trials, 4 seeds per cell. Criterion: ..."."""
    return " ".join(part for part in (found_sentence(verdict), criterion_sentence(verdict)) if part)


def found_sentence(verdict: Verdict) -> str:
    """What was found, of how many trials; or why the claim was not judged."""
    if "reason" in verdict.evidence:
        return f"Not judged: {verdict.evidence['reason']}."
    counted = _counted(verdict.evidence)
    return f"Found: {verdict.found or 'no number'}{f'; {counted}' if counted else ''}."


def criterion_sentence(verdict: Verdict) -> str:
    """When the claim holds; "" of a claim that was not judged."""
    return f"Criterion: {verdict.evidence['criterion']}." if "criterion" in verdict.evidence else ""


def _counted(evidence: Numbers) -> str:
    """The trials that count, and the others, unless what was found has said so of them; "" where all of it has."""
    trials, seeds = (int(str(evidence[key])) for key in ("trials", "seeds"))
    one_cell = trials == seeds and trials not in (0, 1)
    counts = (
        [count_of(seeds, "seed")] if one_cell else [count_of(trials, "trial"), f"{count_of(seeds, 'seed')} per cell"]
    )
    if (said := lost(evidence)) and str(evidence.get(REASON, "")).startswith(said):
        return ", ".join(counts) if trials else ""
    return ", ".join([*counts, *(f"{evidence[fate]:,} {fate}" for fate in LOST if fate in evidence)])
