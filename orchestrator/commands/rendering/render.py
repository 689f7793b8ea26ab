"""Prints results: tables for people on stderr, or one JSON object on the last line of stdout."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.commands.launch_command import launch_command
from orchestrator.commands.plan import Planned
from orchestrator.commands.rendering import render_curves
from orchestrator.planning import measured_at_end
from orchestrator.planning.bundling import described, operations
from orchestrator.planning.estimate import Estimate
from orchestrator.planning.lacking import sentences
from orchestrator.planning.plan import Plan
from orchestrator.results import mlflow_mirror
from orchestrator.results.build import Results, plain
from orchestrator.results.write import Files
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.errors import Damaged
from tracking.common.flatten import flat
from tracking.common.hide_passwords import has_secret, public
from tracking.common.text import count_of, duration, size
from tracking.common.versions import is_installed
from tracking.records import layout
from tracking.records.command_lines import command
from tracking.records.kept_files import kept_source
from tracking.records.leases.lease_file import INTERRUPTED, at_work, claimed
from tracking.records.store import Store
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import criterion_sentence, found_sentence
from workers.trial import SCHEMA_VERSION

if TYPE_CHECKING:
    from orchestrator.commands.results.export import Exported
    from orchestrator.launch.launch import Launched
    from tracking.mirror.runs import SyncReport
    from tracking.plotting.figures import NotDrawn
    from tracking.records.ledger import Computed, Ledger
    from tracking.records.manifests.manifest import TrialRecord

SHOWN = 10  # bundles of a plan


def launched(sweep: Sweep, done: "Launched", store: str, as_json: bool) -> None:
    """The end of a launch: curves, verdicts, and where to look."""
    if as_json:
        return out_json(
            {
                "sweep": sweep.name,
                "variant": sweep.variant,
                "trials": done.trials,
                "measured": done.measured,
                "damaged": list(done.damaged),
                "curves": done.curves,
                "not_drawn": [asdict(one) for one in done.not_drawn],
                "claims": plain(done.claims),
                "failures": {error: len(trials) for error, trials in done.failed.items()},
                "store": store,
                "report": done.report,
                "tracking_uri": public(done.tracking_uri),
                "wall_s": round(done.wall_s, 3),
            }
        )
    render_curves.curves(sweep, done.table, full=False, plot=None, remedy=f"`{sweep.command('curves', store)} --full`")
    _claims(done.claims)
    failures(done.failed, store)
    if done.damaged:
        say(f"damaged  {count_of(len(done.damaged), 'file')} set aside (*.damaged), the work of it done again")
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in done.trials.items())
    say(f"trials   {counts}; {duration(done.wall_s)}")
    _figures(done.curves, done.not_drawn)
    _report(done.report)
    _mlflow(done.tracking_uri, store)


def _mlflow(where: str, store: str) -> None:
    """What shows the sweep in MLflow: the address of a server, or the command that serves a database."""
    if where.startswith("http") or has_secret(where):
        return say(f"MLflow   {public(where)}")
    if is_installed("mlflow"):
        say(f"MLflow   {command('ui', *mlflow_mirror.options(Store(store), where), store=store)}")


def planned(sweep: Sweep, found: Planned, as_json: bool) -> None:
    """What would run, and how long it would take."""
    plan, summary = found.plan, _summary(found)
    if as_json:
        return out_json({"sweep": sweep.name, "variant": sweep.variant, **summary})
    say(f"{sweep.title} ({sweep.source})" if sweep.source else sweep.title)
    table("trials", ["state", "number"], [[state, n] for state, n in sorted(plan.states.items())])
    trials = count_of(len(plan.trials), "trial")
    say(f"{len(plan.to_run):,} of {trials} to run, {count_of(summary['cells'], 'cell')}")
    if found.bundles:
        _bundles(found)
    if found.kept_bytes:
        say(f"trained weights that will be kept: {size(found.kept_bytes)}")
    for line in sentences(plan.lacks, plan.why_lacking):
        say(line)
    if found.bundles and plan.once:
        say(measured_at_end.sentence(plan.once))
    for line in plan.damaged:
        say(f"damaged: {line}; its trials will run again")
    for line in found.notes:
        say(f"note: {line}")


def _summary(found: Planned) -> dict[str, Any]:
    plan = found.plan
    return {
        "trials": {"total": len(plan.trials), "to_run": len(plan.to_run), **dict(plan.states)},
        "cells": len({t.cell for t in plan.trials}),
        "bundles": [
            {"id": b.id, "models": len(b.trials), **({"engine": c.engine, "reason": c.reason} if c else {})}
            for b, c in zip(found.bundles, found.engines, strict=True)
        ],
        "to_measure": to_measure(plan),
        "measured_once": list(plan.once),
        "operations": sum(operations(bundle) for bundle in found.bundles),
        "kept_bytes": found.kept_bytes,
        "damaged": list(plan.damaged),
        "notes": list(found.notes),
        "estimate": found.estimate.summary(),
    }


def to_measure(plan: Plan) -> list[dict[str, Any]]:
    """What recorded trials lack, as plain values."""
    why = plan.why_lacking
    return [
        {"measures": list(names), "trials": counts.total(), **counts, "why": {n: why[n] for n in names if n in why}}
        for names, counts in plan.lacks.items()
    ]


def _bundles(found: Planned) -> None:
    """The longest bundles, what each holds, and what all of them take."""
    which, cost = described(found.bundles), found.estimate
    rows = [
        [bundle.id[:8], str(len(bundle.trials)), which[bundle.id], choice.engine if choice else "", duration(seconds)]
        for bundle, choice, seconds in zip(found.bundles, found.engines, cost.seconds, strict=True)
    ]
    more = f", the first {SHOWN} of {len(rows)}" if len(rows) > SHOWN else ""
    table(f"bundles{more}", ["bundle", "models", "which", "engine", "about"], rows[:SHOWN])
    for choice, number in Counter(choice for choice in found.engines if choice).items():
        say(f"engine {choice.engine}, {count_of(number, 'bundle')}: {choice.reason}")
    _time(cost)


def _time(cost: Estimate) -> None:
    """The range of the time that a launch takes, what it is from, and how good such estimates were."""
    sources = ", ".join(f"{source} ({count_of(n, 'bundle')})" for source, n in cost.sources.items())
    between = f"between {duration(cost.low_s)} and {duration(cost.high_s)}, if nothing else runs here"
    say(f"time: about {duration(cost.wall_s)} ({between}), of which {duration(cost.overhead_s)} are start and end")
    say(f"training: {duration(sum(cost.seconds))} of one core or GPU, estimated from {sources}")
    if cost.slowed > 1:
        say(f"other programs use this machine now; if they go on, it takes about {cost.slowed:.1f} times as long")
    if cost.earlier:
        median, low, high = (cost.earlier[key] for key in ("median", "lowest", "highest"))
        how = f"{median:.2f} times what it took ({low:.2f} to {high:.2f}, n = {cost.earlier['n']})"
        say(f"earlier estimates for such trials were {how}")


def curves(results: Results, files: Files, full: bool, plot: bool | None, as_json: bool) -> None:
    """The curves as a table, and where they were drawn."""
    if as_json:
        failed = [asdict(one) for one in files.not_drawn]
        return out_json({"curves": files.figures, "not_drawn": failed, "report": files.report})
    render_curves.tables(results, full, plot)
    _figures(files.figures, files.not_drawn)
    _report(files.report)


def _figures(files: Iterable[dict[str, str]], not_drawn: "Iterable[NotDrawn]") -> None:
    for one in files:
        say(f"figure   {one['png']}")
    for lost in not_drawn:
        say(f"not drawn: {lost.name}: {lost.reason}")


def _report(path: str) -> None:
    if path:
        say(f"report   {path}")


def claims(verdicts: Sequence[Verdict], as_json: bool) -> None:
    """Each claim's verdict with its evidence."""
    if as_json:
        return out_json({"claims": plain(verdicts)})
    _claims(verdicts)


def trial(ledger: "Ledger", one: "TrialRecord", as_json: bool) -> None:
    """One trial: settings, outcome, provenance of its rows and its last recorded numbers."""
    state = _state_now(ledger.store, one)
    rows, computed = ledger.rows([one]).to_pandas(), ledger.computed(one)
    last = rows[rows["step"] == rows["step"].max()]
    sources = [_source(ledger.store, name, digest) for name, digest in one.sources]
    if as_json:
        plain = {
            **one._asdict(),
            "state": state,
            "observed": asdict(one.observed) if one.observed else None,
            "beside": [asdict(other) for other in one.beside],
            "provenance": one.provenance.plain(),
            "provenances": [provenance.plain() for provenance in one.provenances],
            "computed": [{**asdict(part), "provenance": part.provenance.plain()} for part in computed],
            "code": sources,
            "last": last[["split", "measure", "layer", "value"]].to_dict("records"),
        }
        return out_json(plain)
    reason = f" ({one.reason})" if one.reason else ""
    say(f"trial {one.id}, cell {one.cell}: {state} at step {one.step}{reason}")
    if one.schema < SCHEMA_VERSION:
        say("recorded in the format of version 0.1 of this program: no sweep counts it any more")
    table("settings", ["setting", "value"], [(k, str(v)) for k, v in flat(one.settings).items()])
    table("provenance", ["what", "value"], [(k, str(v)) for k, v in flat(one.provenance.plain()).items()])
    if len(one.provenances) > 1:
        lines = [_computed(part) for part in computed]
        table("rows by provenance", ["steps", "rows", "device", "host", "engine", "commit", "versions"], lines)
    for source in sources:
        say(f"source   {source['name']}, kept as {source['file']}")
        say(source["text"])
    columns = ["measure", "split", "layer", "value"]
    table(f"step {one.step}", columns, last[columns].astype({c: str for c in columns[:3]}).values.tolist())


def _state_now(store: "Store", one: "TrialRecord") -> str:
    """As recorded, but for a trial that is recorded as running and that no launch works on."""
    if one.state != "running" or claimed(at_work(store.files), {one.id}):
        return one.state
    return INTERRUPTED


def _source(store: "Store", name: str, digest: str) -> dict[str, str]:
    """A file of the user's own, as it is kept with the records."""
    try:
        text = kept_source(store.files, name, digest).decode("utf-8", "replace")
    except Damaged as error:
        text = f"({error})"
    return {"name": name, "digest": digest, "file": layout.user_source(digest), "text": text}


def _computed(part: "Computed") -> tuple[str, ...]:
    by = part.provenance
    versions = ", ".join(" ".join(pair) for pair in by.versions or ())
    code = by.code.commit[:10] if by.code else ""
    return f"{part.first} to {part.last}", str(part.rows), by.device, by.host, by.engine, code, versions


def exported(done: "Exported", as_json: bool) -> None:
    """The file that was written."""
    if as_json:
        return out_json({"of": done.of, "what": done.what, "file": str(done.file), "bytes": done.bytes})
    say(f"{done.file}: {done.what} of {done.of}, {size(done.bytes)}")


def synced(sweep: Sweep, report: "SyncReport", store: str, as_json: bool) -> None:
    """What a sync sent."""
    if as_json:
        return out_json(vars(report))
    counts = {name: value for name, value in vars(report).items() if isinstance(value, int)}
    say(", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in counts.items()))
    if report.rebuilt:
        say(f"rebuilt  all of its runs, since {report.rebuilt}; the older experiment is in MLflow's bin")
    if not any(counts.values()):
        say(f"nothing of this sweep is recorded in {store}: `{launch_command(sweep, store)}` does the work")
    for trial in report.behind[:SHOWN]:
        say(f"behind   {trial}")
    for problem in report.problems:
        say(f"problem  {problem}")


def _claims(verdicts: Sequence[Verdict]) -> None:
    """Each verdict, with the statement that was tested, what was found, and the criterion."""
    if verdicts:
        table("claims", ["claim", "verdict"], [(f"{v.label} {v.name}".strip(), v.verdict) for v in verdicts])
    for v in verdicts:
        say(f"{v.label or v.name}: {v.statement}")
        for part in filter(None, (found_sentence(v), criterion_sentence(v))):
            say(f"  {part}")


def failures(failed: dict[str, list[str]], store: str) -> None:
    """Each kind of failure with the command that shows the whole of it."""
    for error, trials in sorted(failed.items()):
        say(f"failed   {len(trials):,}: {error} (`{command('show', trials[0], store=store)}` has the whole of it)")
