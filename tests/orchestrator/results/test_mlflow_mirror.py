"""With which options commands in messages reach the MLflow that a launch was given."""

from pathlib import Path

import pytest

from orchestrator.results import mlflow_mirror
from tracking.records.store import Store


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (None, ()),
        ("sqlite:////elsewhere/mlflow.db", ("--tracking-uri", "sqlite:////elsewhere/mlflow.db")),
        ("http://me:secret@host:5000", ("--tracking-uri", "http://host:5000")),
    ],
)
def test_commands_name_mlflow_where_they_would_not_find_it(
    given: str | None, options: tuple[str, ...], tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "runs"))
    assert mlflow_mirror.options(store, mlflow_mirror.uri(store, given)) == options
