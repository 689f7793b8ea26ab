"""The commands on a store where it is in an object store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.launching.command_line import Said
from tests.support.services.object_stores import SERVERS, served
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records.ledger import Ledger
from tracking.records.store import Store

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture(params=SERVERS)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with served(request.param) as found:
        yield found


def test_a_sweep_is_listed_packed_unpacked_and_removed(run: Callable[..., Said], address: str, tmp_path: Path) -> None:
    launched(write(tmp_path / "y.yaml", (2,)), Store(address))
    file = write(tmp_path / "x.yaml", (2, 4))
    launched(file, Store(address))
    file.unlink()
    at = ("--store", address)
    x, y = run("ls", "--json", *at).json["sweeps"]
    assert x["trials"] == {"total": 4, "finished": 4} and (x["verdicts"], y["variant"]) == ({"holds": 1}, "y")
    assert run("status", "x", "--json", *at).json["trials"] == {"total": 4, "finished": 4}
    assert set(run("du", "--json", *at).json["kinds"]) >= {"records", "weights", "sweeps"}
    run("pack", "x", "x.tar", *at)
    assert run("rm", "x", "--yes", "--json", *at).json["trials"] == 2
    assert len(Ledger.read(Store(address)).trials) == 2
    assert "nothing to remove" in run("prune", *at).err
    assert run("unpack", "x.tar", "--json", *at).json["new_files"] == 5
    assert run("verify", "x", "--json", *at).json["claims"][0]["verdict"] == "holds"
