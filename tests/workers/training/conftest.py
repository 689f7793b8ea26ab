"""Tests that use `engine_name` are run for every engine that can be used here."""

import pytest

from tests.support.networks import small_trials


@pytest.fixture(params=small_trials.engines())
def engine_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine that $SWEEP_ENGINE asks for."""
    monkeypatch.setenv("SWEEP_ENGINE", request.param)
    return str(request.param)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The engine for modules takes losses from the files that the reference engine takes them from: one is enough."""
    again = [item for item in items if isinstance(item, pytest.Function) and _repeats(item)]
    config.hook.pytest_deselected(items=again)
    items[:] = [item for item in items if item not in again]


def _repeats(item: pytest.Function) -> bool:
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return given.get("engine_name") == "modules" and given.get("loss", "cross_entropy") != "cross_entropy"
