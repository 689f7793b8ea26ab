"""Nets, losses, measures and claims of a user's own, beside the sweep file: read, trained, refused."""

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sweeps
from orchestrator.commands.trial.reproduce import reproduce
from orchestrator.commands.trial.rerun import trial_of
from orchestrator.execution.store.keep_code import keep
from orchestrator.execution.store.keep_sweep import keep_sweep
from orchestrator.planning.bundling import pack_missing
from orchestrator.planning.resources import Resources
from orchestrator.results.build import build
from orchestrator.spec.expand import expand
from orchestrator.spec.kept import read as kept_read
from orchestrator.spec.load import read
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.variant import Changes
from tests.support import user_files
from tests.support.user_files import RAISES
from tracking.analysis.statistics.intervals import POSITIVE
from tracking.common.errors import BadPlugin, BadSweep
from tracking.common.named_files.user_files import NONE, current
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.experiments import network
from workers.nets import convnet
from workers.run_bundle import work

if TYPE_CHECKING:
    import pandas as pd

NAMED = {"nets": "flat", "losses": "halved", "measures": "largest", "claims": "above"}  # by mine.yaml


COUNTED = """
from workers.interfaces.dataset import DataSettings
class Settings(DataSettings):
    def sizes(self):
        return open("absent.npy")
def where():
    return ""
def load(settings):
    return None
"""


def problems(folder: Path, more: dict[str, str], change: tuple[str, str] = ("", "")) -> list[str]:
    """What is said of the sweep with these files, without the folder's name. What is not named is not imported."""
    unnamed = {f"{kind}/not_named.py": RAISES for kind in (*NAMED, "experiments", "data")}
    sweep = user_files.write(folder, {"mine.yaml": user_files.SWEEP.replace(*change), **unnamed, **more})
    with pytest.raises(BadSweep) as caught:
        expand(read(str(sweep)))
    assert not [module for module in sys.modules if module.endswith(".not_named")]
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def trained(sweep: Sweep, store: str) -> "pd.DataFrame":
    """The rows of the sweep, after its trials have run without a launch around them."""
    for bundle in pack_missing(sweeps.plan(sweep, store), Resources(1, None, "cpu")):
        for _ in work(Store(store), bundle, "cpu"):
            assert current() == NONE
    return sweeps.rows(sweep, store)


def test_a_sweep_of_own_files_is_trained_and_judged(tmp_path: Path) -> None:
    """A file of each kind that raises, and is not named, changes nothing."""
    sweep = read(str(user_files.write(tmp_path, {f"{kind}/broken.py": RAISES for kind in NAMED})))
    rows = trained(sweep, store := str(tmp_path / "runs"))
    assert set(rows["measure"]) == {"error", "largest", "parameters", "risk"}
    assert (rows[rows["measure"] == "parameters"]["value"] == 640).all()
    assert [v.verdict for v in sweeps.verdicts(sweep, store)] == ["holds"] and not sweeps.plan(sweep, store).to_run


def test_the_bounds_that_a_measure_says_are_those_of_its_band_and_of_the_figure(tmp_path: Path) -> None:
    sweep = read(str(user_files.write(tmp_path, {"measures/largest.py": f"BOUNDS = (0, None)\n{user_files.MEASURE}"})))
    trials = expand(sweep)
    results = build(sweep, trials, Ledger.read(Store(str(tmp_path / "runs"))))
    assert results.frame.bounds["largest"] == results.caption({}).bounds["largest"] == POSITIVE
    said = problems(tmp_path, {"measures/largest.py": f"BOUNDS = (1, 0)\n{user_files.MEASURE}"})
    assert said == [
        "mine.yaml:11:1: measure: measures/largest.py: BOUNDS must be the smallest and the largest possible value, "
        "such as (0, None) or (0, 1), got (1, 0)"
    ]


def test_what_the_sizes_of_data_raise_is_said_at_their_line(tmp_path: Path) -> None:
    said = problems(
        tmp_path, {"data/counted.py": COUNTED}, ("{name: digits, train_size: 100, test_size: 100}", "{name: counted}")
    )
    assert said == [
        "mine.yaml:4:3: fixed.data: sizes() of data 'counted' raises FileNotFoundError: [Errno 2] No such file or "
        "directory: 'absent.npy'"
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{}['x']", "data 'counted' (data/counted.py:9): KeyError: 'x'"),
        ("open('absent.npy')", "data 'counted' (data/counted.py:9): FileNotFoundError: [Errno 2] No such file"),
        ("1, 2", "data 'counted' (data/counted.py:8): load returns tuple, expected Images"),
    ],
)
def test_what_is_wrong_with_loading_data_is_said_with_the_line_of_the_file(
    body: str, says: str, tmp_path: Path
) -> None:
    source = COUNTED.replace('open("absent.npy")', "None")
    source = source[: source.rindex("return")] + f"return {body}\n"
    change = user_files.SWEEP.replace("{name: digits, train_size: 100, test_size: 100}", "{name: counted}")
    sweep = read(str(user_files.write(tmp_path, {"data/counted.py": source, "mine.yaml": change})))
    trial = expand(sweep)[0]
    with sweep.files.active(), pytest.raises(BadPlugin) as refused:
        network.cost(trial.settings)
    assert says in str(refused.value).replace(f"{tmp_path}/", "")


def test_a_net_derived_from_a_shipped_one_is_not_taken_for_it(tmp_path: Path) -> None:
    """By the kernels, which train the memo's network and know the others only by their settings."""
    derived = "from workers.nets import convnet\nfrom .flat import build as _build\nfrom . import flat\n"
    derived += "class Settings(convnet.Settings):\n    scale: float = 1.0\n"
    derived += "def build(settings, image, classes):\n    return _build(settings, image, classes)\n"
    change = user_files.SWEEP.replace("name: flat", "name: derived, depth: 3")
    sweep = read(str(user_files.write(tmp_path, {"nets/derived.py": derived, "mine.yaml": change})))
    rows = trained(sweep, str(tmp_path / "runs"))
    assert (rows[rows["measure"] == "parameters"]["value"] == 640).all()
    assert type(expand(sweep)[0].settings.net).model_fields["name"].default == "derived"
    assert convnet.Settings.model_fields["name"].default == "convnet"


def test_a_recorded_trial_is_run_again_from_the_source_that_is_kept(tmp_path: Path) -> None:
    """Also where the files beside the sweep are others by now, or gone."""
    sweep, store = read(str(user_files.write(tmp_path))), str(tmp_path / "runs")
    trained(sweep, store)
    keep(Store(store), expand(sweep))
    (tmp_path / "nets/_helper.py").write_text("SCALE = 0.0\n")
    (tmp_path / "measures/largest.py").unlink()
    ledger = Ledger.read(Store(store))
    one = ledger.of([expand(sweep)[0].id])[expand(sweep)[0].id]
    assert trial_of(ledger, one).id == one.id
    found = reproduce(ledger, one, whole=True)
    assert {c.measure: c.finding for c in found.measures}["largest"] == "identical" and current() == NONE


@pytest.mark.parametrize("moved", [False, True])
def test_data_by_a_relative_path_are_found_by_name_and_from_any_folder(
    moved: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the folder was moved, with store and data."""
    first = tmp_path / "first"
    data = "{name: npz, path: mine.npz}"
    text = user_files.SWEEP.replace("{name: digits, train_size: 100, test_size: 100}", data)
    file = user_files.write(first, {"mine.yaml": text})
    x, y = np.random.default_rng(0).normal(size=(40, 64)).astype(np.float32), np.arange(40) % 10
    np.savez(first / "mine.npz", train_x=x, train_y=y, test_x=x, test_y=y)
    sweep, store = read(str(file)), str(first / "runs")
    trials, ids = expand(sweep), [trial.id for trial in expand(sweep)]
    with keep_sweep(sweep, trials, Store(store), None):
        trained(sweep, store)
        keep(Store(store), trials)
    here = first.rename(tmp_path / "second") if moved else first
    monkeypatch.chdir("/")
    ledger = Ledger.read(Store(str(here / "runs")))
    kept = kept_read("mine", Changes(), lambda: Store(str(here / "runs")))
    assert [trial.id for trial in expand(kept)] == ids == [trial_of(ledger, ledger.of(ids)[id]).id for id in ids]
    assert sweeps.model(ids[0], str(here / "runs"))(torch.zeros(1, 64, 1, 1)).shape == (1, 10)


def test_two_folders_with_a_net_of_one_name_are_trained_in_one_process(tmp_path: Path) -> None:
    scales = {"one": "SCALE = 0.0", "two": "SCALE = 1.0"}
    found = {}
    for name, scale in scales.items():
        sweep = read(str(user_files.write(tmp_path / name, {"nets/_helper.py": scale})))
        rows = trained(sweep, str(tmp_path / name / "runs"))
        found[name] = rows[(rows["measure"] == "largest") & (rows["step"] == 0)]["value"].max()
    assert found["one"] == 0 and found["two"] > 1


def test_a_trial_is_unpickled_with_its_files(tmp_path: Path) -> None:
    trial = expand(read(str(user_files.write(tmp_path))))[0]
    other = pickle.loads(pickle.dumps(trial))
    assert other.files == trial.files and other.settings == trial.settings and other.id == trial.id
    assert other.with_seed(7).files == trial.files


@pytest.mark.parametrize("kind", NAMED)
def test_a_file_that_fails_is_one_error_at_the_name_with_its_own_line(kind: str, tmp_path: Path) -> None:
    name = NAMED[kind]
    (said,) = problems(tmp_path, {f"{kind}/{name}.py": f"\n\n{RAISES}"})
    assert said.startswith("mine.yaml:") and f"'{name}' cannot be imported: {kind}/{name}.py:3: RuntimeError" in said


@pytest.mark.parametrize("kind", NAMED)
def test_a_file_that_lacks_something_is_one_error(kind: str, tmp_path: Path) -> None:
    (said,) = problems(tmp_path, {f"{kind}/{NAMED[kind]}.py": ""})
    assert said.startswith("mine.yaml:") and f"{kind}/{NAMED[kind]}.py): lacks" in said


def test_an_experiment_that_fails_is_one_error(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, {"experiments/own.py": RAISES}, ("experiment: network", "experiment: own"))
    assert said.startswith("mine.yaml:2:1: experiment: experiment 'own' cannot be imported: experiments/own.py:1:")
    (said,) = problems(tmp_path, {}, ("experiment: network", "experiment: onw"))
    assert said.startswith("mine.yaml:2:1: experiment: unknown experiment 'onw', did you mean 'own'?")
    assert said.endswith("one of yours would be experiments/onw.py")


def test_a_name_that_exists_twice_is_one_error(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, {"nets/linear.py": RAISES}, ("name: flat", "name: linear"))
    assert said.startswith("mine.yaml:5:9: fixed.net.name: net 'linear' exists more than once: ")
    assert "workers/nets/linear.py and nets/linear.py" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("{name: flat}", "{name: flta}"), "5:9: fixed.net.name: unknown net 'flta', did you mean 'flat'? known: "),
        (("{name: flat}", "{name: flat, scal: 2}"), "5:21: fixed.net.scal: unknown key 'scal', did you mean 'scale'"),
        (("{name: flat}", "{name: flat, scale: big}"), "5:21: fixed.net.scale: expected a number, got the text 'big'"),
        (("{name: flat}", "flat"), "5:3: fixed.net: expected a mapping, got the text 'flat'; write {name: flat}"),
        (("{name: flat}", "{}"), "5:3: fixed.net: missing 'name', which says what kind of net it is; known: "),
        (("loss: halved", "loss: halfed"), "6:3: fixed.loss: unknown loss 'halfed', did you mean 'halved'?"),
        (("risk, largest]", "risk, lagrest]"), "11:24: measure.2: unknown measure 'lagrest', did you mean 'largest'?"),
        (("bound: 0.0", "bond: 0.0"), "13:31: claims.0.bond: unknown key 'bond', did you mean 'bound'?"),
        (("y: largest,", "y: larges,"), "13:19: claims.0.y: unknown measure 'larges', did you mean 'largest'?"),
    ],
)  # fmt: skip
def test_messages_on_own_files_are_those_on_shipped_ones(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    found = problems(tmp_path, {}, change)
    assert [said for said in found if said.startswith(f"mine.yaml:{says}")], found
