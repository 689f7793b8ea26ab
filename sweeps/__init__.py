"""The sweep files that come with the program, and their JSON Schema. Data only."""

from pathlib import Path

import orchestrator  # which says where another package of this program is hidden

if Path(orchestrator.__file__ or "").resolve() != Path(__file__).resolve().parents[1] / "orchestrator/__init__.py":
    raise ImportError(
        f"{orchestrator.__file__} hides the package 'orchestrator' of the program sweep, which lies in "
        f"{Path(__file__).resolve().parents[1]}: rename it, or start Python in another folder"
    )
