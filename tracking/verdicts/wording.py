"""How the numbers of a judgement are said: a claim's own words with the numbers in their places, or a list of them.

A claim's words are clauses divided by "; ". Each names keys of its evidence in braces, as in "the mean is {interval}",
and is left out where one of them is missing. A format may follow a key: "{returned:.0%}".
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from string import Formatter

from tracking.common.text import count_of, number
from tracking.verdicts.criterion import Word
from tracking.verdicts.finding import REASON, LineVerdict, Numbers, Value

MOST = 3  # numbers of a claim that has no words for them
SHOWN = 12  # values of a list
EQUAL = re.compile(r"\bfrom (\S+) to \1(?=$|[ ,;])")  # a range with equal ends is said as one number
EVERY = re.compile(r"\b(\S+) of \1(?= )")  # "all 52 perturbations", not "52 of 52 perturbations"
SINGLE = re.compile(  # "1 step", not "1 steps"
    r"(?<![\w.,-])(?P<all>all )?1 (?P<what>(?:more )?(?:comparison|example|network|parameter|perturbation|step|trial))s"
    r"(?P<verb> have| do)?\b"
)
VERBS = {" have": " has", " do": " does"}
FATES = {  # what became of trials that do not count, of one and of several
    "failed": ("failed", "failed"),
    "diverged": ("diverged", "diverged"),
    "missing": ("is missing", "are missing"),
    "not finite": ("has a value that is not finite", "have values that are not finite"),
    "not reached": ("does not reach what is asked", "do not reach what is asked"),
    "unmeasured": ("lacks a measure", "lack a measure"),
}
SEVERAL: dict[Word, str] = {"holds": "hold", "fails": "fail", "not enough data": "have not enough data"}
ONE: dict[Word, str] = {"holds": "holds", "fails": "fails", "not enough data": "has not enough data"}


def along(x: str) -> str:
    """What lies along x, for a sentence: of parameters their number, else the name of the setting or measure."""
    return "number of parameters" if x == "parameters" else x


def at(x: str, key: str) -> str:
    """The value of a key as a place along x, for a clause: "{key} parameters", "net.width {key}"."""
    return f"{{{key}}} parameters" if x == "parameters" else f"{x} {{{key}}}"


def capitalised(sentence: str) -> str:
    """With a capital letter, unless it begins with the name of a setting or a file, which have a case of their own."""
    word = sentence.partition(" ")[0]
    return sentence if set("._/") & set(word.rstrip(".")) else sentence[:1].upper() + sentence[1:]


def lost(counts: Mapping[str, Value]) -> str:
    """Which trials do not count, of those planned: "of 3 trials 1 diverged, 1 is missing", "both trials diverged"; ""
    where all count."""
    planned = int(str(counts.get("planned", 0)))
    found = [(n, verbs[n > 1]) for fate, verbs in FATES.items() if (n := int(str(counts.get(fate, 0))))]
    if len(found) == 1 and found[0][0] == planned:
        every = {1: "the only trial", 2: "both trials"}.get(planned, f"all {count_of(planned, 'trial')}")
        return f"{every} {found[0][1]}"
    return f"of {count_of(planned, 'trial')} {', '.join(f'{n:,} {verb}' for n, verb in found)}" if found else ""


def of_lines(words: str, found: Sequence[LineVerdict], decided: Word) -> str:
    """What was found of that line with the verdict that decided which is nearest to failing; of several lines how many
    have it, too."""
    deciding = [line for line in found if line.word == decided]
    if not deciding:
        return ""
    shown = min(deciding, key=lambda line: line.clearance)
    said = in_words(words, shown.numbers)
    if len(found) == 1:
        return said
    if len(deciding) == 1:
        return f"1 of {count_of(len(found), 'line')} {ONE[decided]} ({shown.name}): {said}"
    alike = len({line.clearance for line in deciding}) == 1
    which = "such as" if alike else "clearest:" if decided == "fails" else "nearest to failing:"
    return f"{_of(len(deciding), len(found))} {SEVERAL[decided]} ({which} {shown.name}): {said}"


def _of(some: int, whole: int) -> str:
    if some < whole:
        return f"{some:,} of {count_of(whole, 'line')}"
    return "both lines" if whole == 2 else f"all {count_of(whole, 'line')}"


def in_words(words: str, numbers: Numbers) -> str:
    """The numbers of one line in a claim's words, or as a list; why there is not enough data comes first."""
    clauses = [_filled(clause, numbers) for clause in words.split("; ") if _keys(clause) <= numbers.keys()]
    said = clauses if words and clauses else _listed(numbers)
    if REASON not in numbers:
        return "; ".join(said) or "no number"
    reason = str(numbers[REASON])
    return "; ".join([reason, *said]) if clauses or not said else f"{reason} ({', '.join(said)})"


def _filled(clause: str, numbers: Numbers) -> str:
    parts = Formatter().parse(clause)
    said = "".join(text + (_value(numbers[key], spec) if key else "") for text, key, spec, _ in parts)
    return SINGLE.sub(_single, EVERY.sub(r"all \1", EQUAL.sub(r"\1", said)))


def _single(found: re.Match[str]) -> str:
    return f"{'the only' if found['all'] else '1'} {found['what']}{VERBS.get(found['verb'], '')}"


def _value(value: Value, spec: str | None) -> str:
    return format(value, spec) if spec else shown(value)


def _keys(clause: str) -> set[str]:
    return {key for _, key, _, _ in Formatter().parse(clause) if key}


def _listed(numbers: Numbers) -> list[str]:
    """Intervals, then single numbers, then lists: those that decide come first."""
    said = {key: value for key, value in numbers.items() if key != REASON}
    intervals = [k for k, v in said.items() if isinstance(v, str) and k.endswith("interval")]
    single = [k for k, v in said.items() if isinstance(v, int | float)]
    lists = [k for k, v in said.items() if isinstance(v, list)]
    keys: Iterable[str] = [*intervals, *single, *lists][:MOST]
    return [f"{key.replace('_', ' ')} {shown(said[key])}".removeprefix("interval ") for key in keys]


def shown(value: Value) -> str:
    """A number, a text, or a list of them: "1, 2 and 3"."""
    if isinstance(value, list):
        more = [f"{len(value) - SHOWN} more"] if len(value) > SHOWN else []
        *first, last = [*map(shown, value[:SHOWN]), *more] or [""]
        return f"{', '.join(first)} and {last}" if first else last
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    """In three digits, or all those of a whole number; of one that is almost 1 or -1 two of the difference: 0.99952."""
    off = abs(abs(value) - 1)
    if 1e-5 <= off < 0.01:
        return f"{value:.{1 - math.floor(math.log10(off))}f}"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e6 else number(value, 3)
