"""Every test of this folder holds for every engine that can be used here."""

import pytest

from tests.support import small_trials


@pytest.fixture(params=small_trials.engines(), autouse=True)
def engine_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine that $SWEEP_ENGINE asks for."""
    monkeypatch.setenv("SWEEP_ENGINE", request.param)
    return str(request.param)
