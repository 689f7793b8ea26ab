"""docs/results/README.md, written from the rows: a table of all sweeps, then each with pictures, verdicts, origin."""

from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.results.build import Results
from tests.support.published.entries import Entry, Index
from tracking.common.text import duration
from tracking.plotting.kinds.claim_plot import ClaimPlot, Row
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import found_sentence

WORDS = ("holds", "fails", "not enough data")


def page(index: Index) -> str:
    """The whole page."""
    found = {entry.name: entry.results() for entry in index.sweeps}
    table = [
        "| sweep | trials | time | claims |\n|---|--:|--:|---|",
        *(_line(entry, found[entry.name]) for entry in index.sweeps),
    ]
    sections = [_section(entry, found[entry.name]) for entry in index.sweeps]
    return "\n\n".join([index.intro.strip(), "\n".join(table), *sections, index.closing.strip()]).strip() + "\n"


def counted(verdicts: Iterable[str]) -> str:
    """How many there are of each verdict: "2 hold, 1 not enough data"."""
    number = Counter(verdicts)
    return ", ".join(f"{number[word]} {_plural(word, number[word])}" for word in WORDS if number[word])


def _line(entry: Entry, results: Results) -> str:
    said = counted(verdict.verdict for verdict in results.verdicts)
    anchor = entry.name.lower().replace("@", "")
    return f"| [{entry.name}](#{anchor}) | {len(results.trials)} | {duration(entry.seconds)} | {said or 'none'} |"


def _section(entry: Entry, results: Results) -> str:
    pictures = sorted(path.name for path in entry.folder.glob("*.png"))
    shown = "\n".join(f"![{name.removesuffix('.png')} of {entry.name}]({entry.name}/{name})" for name in pictures)
    compared = f"**Compared with the memo.** {entry.memo.strip()}" if entry.memo else ""
    parts = [f"## {entry.name}", f"    sweep launch {entry.options}", _origin(entry, results), shown, compared]
    tables = [_estimates(plot, results.claim_rows(plot)) for plot in results.sweep.claim_plots]
    return "\n\n".join(part for part in [*parts, entry.text.strip(), *tables, _claims(results)] if part)


def _estimates(plot: ClaimPlot, rows: Sequence[Row]) -> str:
    """The numbers of a claim plot."""
    heads = [plot.estimate, "95 % interval", *plot.beside]
    lines = [
        f"| {row.label} | {row.estimate:.2f} | {row.low:.2f} to {row.high:.2f} | "
        + " | ".join("" if value is None else f"{value:.2f}" for value in row.beside) + " |"
        for row in rows
    ]  # fmt: skip
    return "\n".join([f"| claim | {' | '.join(heads)} |", f"|---|{'--:|' * len(heads)}", *lines])


def _origin(entry: Entry, results: Results) -> str:
    """Trials by state, time, machine, versions, code and data, in one paragraph."""
    states = Counter(str(state) for state in results.frame.trials["state"])
    origins = [origin for record in results.records.values() for origin in record.provenances]
    versions = sorted({f"{name} {dict(o.versions)[name]}" for o in origins if o.versions for name in ("torch", "ray")})
    parts = [
        ", ".join(f"{n} {state}" for state, n in states.items()),
        f"{duration(entry.seconds)}{f' {entry.beside}' if entry.beside else ''}",
        ", ".join(sorted({o.device for o in origins})),
        _named("engine", {o.engine for o in origins}),
        ", ".join(versions),
        _named("commit", {o.code.commit[:10] for o in origins if o.code}),
        _named("data", {f"{o.data.title} (digest {o.data.digest})" for o in origins if o.data}),
    ]
    return "; ".join(part for part in parts if part) + "."


def _named(what: str, found: set[str]) -> str:
    names = ", ".join(sorted(found - {""}))
    return f"{what} {names}" if names else ""


def _claims(results: Results) -> str:
    """A table of the verdicts, and below it each criterion once, with the claims that it judges."""
    lines = [f"| {_label(v)} | {v.verdict} | {v.statement} {found_sentence(v)} |" for v in results.verdicts]
    of: dict[str, list[str]] = {}
    for v in results.verdicts:
        if "criterion" in v.evidence:
            of.setdefault(str(v.evidence["criterion"]), []).append(v.label or v.name)
    criteria = [f"- {'; '.join(claims)}: {criterion}." for criterion, claims in of.items()]
    table = "\n".join(["| claim | verdict | what it says, and what was found |\n|---|---|---|", *map(_one_line, lines)])
    below = "\n".join(["<details><summary>Criteria</summary>\n", *map(_one_line, criteria), "\n</details>"])
    return f"{table}\n\n{below}" if lines else ""


def _label(verdict: Verdict) -> str:
    file = f"[{verdict.name}](../reference/claims.md#{verdict.name})"
    return f"{verdict.label} ({file})" if verdict.label else file


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


def _plural(word: str, number: int) -> str:
    return word.removesuffix("s") if number > 1 else word
