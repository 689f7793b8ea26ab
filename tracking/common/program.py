"""Where this program's own files lie."""

from pathlib import Path

PACKAGES = ("orchestrator", "workers", "tracking", "sweeps")
PROGRAM = Path(__file__).parents[2]  # the folder that holds the packages: a checkout, or site-packages
