"""A verdict in plain sentences: what was found, of how many trials, and the criterion."""

from tracking.verdicts.finding import LOST, Numbers, Verdict


def sentence(verdict: Verdict) -> str:
    """What was found, and the criterion: "Found: ...; 24 trials, 4 seeds per cell. Criterion: ..."."""
    return " ".join(part for part in (found_sentence(verdict), criterion_sentence(verdict)) if part)


def found_sentence(verdict: Verdict) -> str:
    """What was found, of how many trials; or why the claim was not judged."""
    if "reason" in verdict.evidence:
        return f"Not judged: {verdict.evidence['reason']}."
    return f"Found: {verdict.found or 'no number'}; {_counted(verdict.evidence)}."


def criterion_sentence(verdict: Verdict) -> str:
    """When the claim holds; "" of a claim that was not judged."""
    return f"Criterion: {verdict.evidence['criterion']}." if "criterion" in verdict.evidence else ""


def _counted(evidence: Numbers) -> str:
    trials, seeds = evidence["trials"], evidence["seeds"]
    one_cell = trials == seeds and trials not in (0, 1)
    counts = [_many(trials, "seed")] if one_cell else [_many(trials, "trial"), f"{_many(seeds, 'seed')} per cell"]
    return ", ".join([*counts, *(f"{evidence[lost]} {lost}" for lost in LOST if lost in evidence)])


def _many(number: object, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
