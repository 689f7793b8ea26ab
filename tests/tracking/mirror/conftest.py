"""Records to mirror, an empty MLflow store, and a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.services.mlflow_server import Server
from tests.support.stores.mirrored_sweep import everything, fresh, parent, records, sync
from tracking.mirror import sync as mirror
from tracking.records.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database: making one takes seconds, so the tests start from copies."""
    folder = tmp_path_factory.mktemp("empty")
    mirror.prepare(fresh(folder))
    return folder / "mlflow.db"


@pytest.fixture
def uri(empty: Path, tmp_path: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(empty.read_bytes())
    return fresh(tmp_path)


@pytest.fixture(scope="module")
def truth(empty: Path, store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a mirror made in one go shows."""
    folder = tmp_path_factory.mktemp("truth")
    (folder / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, fresh(folder), parent(folder / "figures"))
    return everything(fresh(folder))


@pytest.fixture
def server(uri: str) -> Iterator[Server]:
    running = Server(uri)
    yield running
    running.close()
