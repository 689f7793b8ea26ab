"""Prints the findings of `sweep doctor`: a line per check for people, one JSON object for programs."""

from collections.abc import Iterable
from dataclasses import asdict

from orchestrator.commands.machine.doctor import Finding
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json


def show(findings: Iterable[Finding], as_json: bool) -> bool:
    """Whether nothing is wrong. For people, each finding is printed as soon as it is there, and a remedy of several
    findings once."""
    seen: list[Finding] = []
    for finding in findings:
        if not as_json:
            say(f"{finding.state:8} {finding.name}: {finding.found}")
            if finding.remedy and finding.state != "ok" and all(finding.remedy != one.remedy for one in seen):
                say(f"{'':8} -> {finding.remedy}")
        seen.append(finding)
    well = all(f.state != "problem" for f in seen)
    if as_json:
        out_json({"ok": well, "checks": [asdict(f) for f in seen]})
    return well
