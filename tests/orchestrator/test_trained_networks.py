"""What is trained is a result: a recorded trial's network is there as a module and as a file."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

import sweeps
from orchestrator import cli
from tracking.common.errors import Damaged, Refused
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.data import digits
from workers.interfaces.images import HALF, scaled


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Eight trained networks."""
    root = str(tmp_path_factory.mktemp("networks") / "runs")
    sweeps.launch(sweeps.read("demo", "debug"), root)
    return root


@pytest.fixture(scope="module")
def trial(store: str) -> str:
    return str(sweeps.trials(sweeps.read("demo", "debug"), store).index[-1])


def test_a_module_has_the_recorded_test_error(store: str, trial: str) -> None:
    net = sweeps.model(trial[:8], store)
    assert isinstance(net, nn.Module) and not net.training
    images = digits.load(digits.Settings())
    x = scaled(torch.from_numpy(images.test_x), torch.float32, HALF).permute(0, 3, 1, 2)
    with torch.no_grad():
        error = (net(x).argmax(1) != torch.from_numpy(images.test_y)).double().mean()
    rows = sweeps.rows(sweeps.read("demo", "debug"), store)
    mine = rows[(rows.trial == trial) & (rows.measure == "error") & (rows.split == "test")]
    assert float(error) == mine.sort_values("step").value.iloc[-1]


def test_an_exported_file_is_the_state_of_the_module(
    store: str, trial: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.safetensors"
    with pytest.raises(SystemExit) as ended:
        cli.main(["export", trial, str(file), "--store", store, "--json"])
    assert not ended.value.code
    written = {"of": trial, "what": "the trained weights", "file": str(file), "bytes": file.stat().st_size}
    assert json.loads(capsys.readouterr().out) == written
    state = sweeps.model(trial, store).state_dict()
    with safe_open(file, "pt") as opened:
        assert opened.metadata()["trial"] == trial
        assert json.loads(opened.metadata()["settings"])["data"]["name"] == "digits"
        assert set(opened.keys()) == state.keys()
        assert all(torch.equal(opened.get_tensor(name), value) for name, value in state.items())


def test_what_is_not_there_is_refused(store: str, trial: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no trial in .* begins with 'zzz'"):
        sweeps.model("zzz", store)
    kept_nothing = str(tmp_path / "runs")
    one = sweeps.read("demo", "debug", ["keep_weights=false", "epochs=1"])
    sweeps.launch(one, kept_nothing)
    with pytest.raises(Refused, match=r"no trained networks are kept of bundle .*keep_weights"):
        sweeps.model(str(sweeps.trials(one, kept_nothing).index[0]), kept_nothing)


def test_a_network_that_has_changed_is_damage(tmp_path: Path) -> None:
    one, root = sweeps.read("demo", "debug", ["epochs=1"]), str(tmp_path / "runs")
    sweeps.launch(one, root)
    for file in tmp_path.glob("runs/weights/*/*"):
        file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    with pytest.raises(Damaged, match="does not match the checksum"):
        sweeps.model(next(iter(Ledger.read(Store(root)).trials)), root)
