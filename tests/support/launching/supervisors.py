"""A supervisor whose lease is held, with no bundles yet."""

from orchestrator.execution.hang_detection import HangDetector
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.supervisor import Supervisor


class Held:
    lost = False


def supervisor(trials: int = 100, hangs: HangDetector | None = None) -> Supervisor:
    return Supervisor(trials, lambda report: None, StopSignals(), Held(), hangs)
