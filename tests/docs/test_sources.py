"""Docstrings, comments and messages of the code name files and modules that exist."""

import pytest

from tests.support.checkout import ROOT
from tests.support.stores.named_files import not_there

FOLDERS = ("orchestrator", "workers", "tracking", "tests", "benchmarks", "docker", "sweeps")
ENDINGS = (".py", ".cpp", ".hpp", ".jinja", ".sh", ".yaml")


def test_what_does_not_exist_is_found() -> None:
    """The search itself: it must see what it is to find."""
    text = "See workers/nets/NAME.py, workers/nets/convnet.py, workers/nets/gone.py and `tracking.records.gone.Gone`."
    assert not_there(text) == ["workers/nets/gone.py", "tracking.records.gone.Gone"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_and_modules_that_sources_name_exist(folder: str) -> None:
    sources = [path for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS and path.name != "test_sources.py"]
    found = {str(path.relative_to(ROOT)): not_there(path.read_text()) for path in sources}
    assert found and {path: names for path, names in found.items() if names} == {}
