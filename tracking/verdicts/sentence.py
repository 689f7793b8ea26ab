"""A verdict in one plain sentence: what was asked, and the numbers that decided."""

from collections.abc import Mapping

from tracking.common.text import number
from tracking.verdicts.finding import LOST, Numbers, Value, Verdict

MOST = 3  # numbers of a line that are said
COUNTS = ("trials", "seeds", "planned")  # said at the end, as are the trials that do not count
APART = ("criterion", "reason", "lines", "holds", "fails", "not enough data", *COUNTS)


def sentence(verdict: Verdict) -> str:
    """The criterion, what was found, and of how many trials: "Asked: ... Found: ... (24 trials, 4 seeds a cell)"."""
    evidence = {_in_words(key, verdict.x): value for key, value in verdict.evidence.items()}
    if "reason" in evidence:
        return f"Not judged: {evidence['reason']}."
    found = "; ".join(part for part in (_share(evidence), *_lines(evidence, verdict.verdict)) if part)
    return f"Asked: {evidence['criterion']}. Found: {found or 'no number'} ({_counted(evidence)})."


def _in_words(key: str, x: str) -> str:
    """A key in words, with what lies along x by its own name: `largest_x` is "largest data.train_size"."""
    line, apart, name = key.rpartition(": ")
    words = (x if x and word == "x" else word for word in name.split("_"))
    return f"{line}{apart}{' '.join(words)}"


def _share(evidence: Numbers) -> str:
    """How many lines there are of each verdict, where there are several."""
    if "lines" not in evidence:
        return ""
    words = [f"{evidence[word]} {word}" for word in ("holds", "fails", "not enough data") if word in evidence]
    return f"of {evidence['lines']} lines {', '.join(words)}"


def _lines(evidence: Numbers, decided: str) -> list[str]:
    """The numbers of the first line that decided; of a claim with one line, of this one."""
    by_line: dict[str, dict[str, Value]] = {}
    for key, value in evidence.items():
        line, apart, name = key.rpartition(": ")
        if apart or key not in (*APART, *LOST):
            by_line.setdefault(line, {})[name] = value
    for line, numbers in by_line.items():
        if not line or numbers.get("verdict") == decided:
            return [f"at {line}: {_numbers(numbers)}" if line else _numbers(numbers)]
    return []


def _numbers(numbers: Mapping[str, Value]) -> str:
    """What is lacking, then intervals, then single numbers: those that decide come first."""
    lacking = [f"lacking: {numbers['lacking']}"] if "lacking" in numbers else []
    intervals = [_interval(k, v) for k, v in numbers.items() if isinstance(v, str) and k.endswith("interval")]
    single = [f"{k} {number(v)}" for k, v in numbers.items() if isinstance(v, int | float)]
    lists = [f"{k} {', '.join(map(_short, v))}" for k, v in numbers.items() if isinstance(v, list)]
    return "; ".join([*lacking, *[*intervals, *single, *lists][:MOST]])


def _interval(name: str, text: str) -> str:
    """The text of an interval begins with its centre, and is named only where a claim has several."""
    return text if name == "interval" else f"{name.removesuffix(' interval')} {text}"


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)


def _counted(evidence: Numbers) -> str:
    counts = [f"{evidence['trials']} trials", f"{evidence['seeds']} seeds a cell"]
    return ", ".join([*counts, *(f"{evidence[lost]} {lost}" for lost in LOST if lost in evidence)])
