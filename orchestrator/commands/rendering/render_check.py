"""Prints what `sweep check` finds, a line for each part of the contract as soon as it is tested."""

from collections.abc import Iterable

from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from tracking.common.named_files.contract import Check


def show(checks: Iterable[Check], as_json: bool) -> bool:
    """Returns whether the contract is kept."""
    found = []
    for one in checks:
        found.append(one)
        if not as_json:
            say(f"{'✗' if one.problem else '✓'} {one.about}{f': {one.problem}' if one.problem else ''}")
    kept = not any(one.problem for one in found)
    if as_json:
        out_json({"kept": kept, "checks": [one._asdict() for one in found]})
    return kept
