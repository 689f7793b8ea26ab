"""`sweep ls`: the sweeps of a store."""

from collections import Counter
from typing import Any

from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.text import count_of, date_and_time, size
from tracking.records.command_lines import command
from tracking.records.kept_sweeps.kept_sweep import DONE
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases.lease_file import at_work
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.upkeep.overview import Listed, Overview, overview

SHOWN = 5  # variants without a file that are named


def ls(store: Store, as_json: bool) -> None:
    """Shows what the store holds, sweep by sweep."""
    found = overview(Ledger.read(store), KeptSweeps.read(store.files), at_work(store.files))
    if as_json:
        return out_json(_plain(store, found))
    if found.sweeps:
        header = ["sweep", "trials", "last launch", "size", "verdicts"]
        table(f"store {store.root}", header, [_line(one) for one in found.sweeps])
    else:
        say(f"the store {store.root} knows no sweep; a launch keeps each that it runs")
    _notes(store, found)


def counted(counts: Counter[str]) -> str:
    """As "12 finished, 3 missing", the most frequent first."""
    return ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _line(one: Listed) -> list[str]:
    return [one.kept.variant, counted(one.states), _last(one), size(one.bytes), _verdicts(one)]


def _verdicts(one: Listed) -> str:
    """As "2 hold, 1 not enough data"."""
    plural = {"holds": "hold", "fails": "fail"}
    return counted(Counter({plural.get(word, word) if n > 1 else word: n for word, n in one.verdicts.items()}))


def _last(one: Listed) -> str:
    if one.last is None:
        return "not known"
    how = "at work" if one.at_work else one.last.end
    return date_and_time(one.last.started_ms) + ("" if how == DONE else f", {how}")


def _notes(store: Store, found: Overview) -> None:
    """What is in the store besides."""
    if found.without_file:
        some = ", ".join(found.without_file[:SHOWN]) + (", ..." if len(found.without_file) > SHOWN else "")
        say(
            f"note     launched by an older version, which kept no file: {some}; another launch keeps its file and "
            "trains nothing again"
        )
    if found.unnamed:
        then = (
            f"; `{command('prune', store=store.root)}` shows what it would remove"
            if found.sweeps and not found.without_file
            else ""
        )
        belong = count_of(len(found.unnamed), "recorded trial belongs", "recorded trials belong")
        say(f"note     {belong} to none of the sweeps that it knows{then}")
    for error in found.damaged:
        say(f"damaged: {error}")


def _plain(store: Store, found: Overview) -> dict[str, Any]:
    return {
        "store": store.root,
        "sweeps": [_plain_sweep(one) for one in found.sweeps],
        "unnamed_trials": len(found.unnamed),
        "without_file": list(found.without_file),
        "damaged": [str(error) for error in found.damaged],
    }


def _plain_sweep(one: Listed) -> dict[str, Any]:
    last = one.last
    return {
        "variant": one.kept.variant,
        "name": one.kept.name,
        "title": one.kept.title,
        "file": last.origin.path if last else "",
        "versions": len(one.kept.versions),
        "trials": {"total": one.states.total(), **one.states},
        "launches": len(one.kept.launches),
        "last_launch_ms": last.started_ms if last else None,
        "outcome": None if last is None else last.outcome if one.at_work else last.end,
        "at_work": one.at_work,
        "bytes": one.bytes,
        "verdicts": dict(one.verdicts),
    }
