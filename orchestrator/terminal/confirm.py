"""A question before something that cannot be undone."""

import sys

from orchestrator.terminal.console import say
from tracking.common.errors import Refused

YES = ("y", "yes")


def confirm(question: str) -> bool:
    """Whether somebody at the terminal says yes. Raises Refused where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refused(f"{question} Nobody can be asked here; give --yes")
    say(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in YES
