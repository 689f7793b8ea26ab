"""The command that launches a sweep on this machine, for messages that say what to do."""

from orchestrator.spec.sweep import Sweep
from tracking.common.versions import is_installed


def launch_command(sweep: Sweep, store: str) -> str:
    """With --local where Ray is not installed, without which a launch is refused."""
    return sweep.command("launch", store, () if is_installed("ray") else ("--local",))
