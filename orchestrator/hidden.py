"""Says where a package or module of the user's hides one of this program's, as `workers` beside a notebook does.

Run when this package is imported, so it imports nothing of the packages that may be hidden.
"""

import importlib.util
from pathlib import Path

PACKAGES = ("orchestrator", "sweeps", "tracking", "workers")
HERE = Path(__file__).resolve().parents[1]  # the folder that holds the packages


def check() -> None:
    """Raises ImportError with what hides which package."""
    for name in PACKAGES:
        found = _found(name)
        if found and not any(path.resolve().parent == HERE for path in found):
            raise ImportError(
                f"{found[0]} hides the package '{name}' of the program sweep, which lies in {HERE}: rename it, or "
                "start Python in another folder",
                name=name,
            )


def _found(name: str) -> list[Path]:
    """What Python finds under the name of a package: its folder, or a module."""
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # a module without a spec, such as the program that was started
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin else []
