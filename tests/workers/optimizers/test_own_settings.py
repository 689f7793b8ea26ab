"""An optimizer of the user's own whose settings vary: its trials share a bundle, with the results of training alone."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.networks import small_trials
from tests.support.networks.trained import ALONE_TOLERANCE, of, run
from tracking.common.named_files.user_files import UserFiles
from workers.contract import checks
from workers.trial import Trial

# Chen et al. (2023, arXiv:2302.06675), Algorithm 2, with a setting that no optimizer of this program has.
LION = """
from pydantic import Field
from workers.interfaces.optimizer import OptimizerSettings, like
STATE = ("mean",)
class Settings(OptimizerSettings):
    blend: float = Field(0.9, ge=0, lt=1)
    keep: float = Field(0.99, ge=0, lt=1)
    softness: float = Field(0.0, ge=0)
def numbers(s):
    known = {"blend": s.blend, "keep": s.keep, "weight_decay": s.weight_decay}
    return {**known, "softness": s.softness} if s.softness else known
def step(numbers, p, gradient, state, rate, t):
    for name, value in p.items():
        g, m = gradient[name], state["mean"][name]
        blend, keep, decay = (like(numbers[n], g) if n in numbers else 0.0 for n in ("blend", "keep", "weight_decay"))
        way = blend * m + (1 - blend) * g
        steep = way.sign()
        if "softness" in numbers:
            soft = like(numbers["softness"], g)
            steep = (way / soft.where(soft > 0, 1.0)).tanh().where(soft > 0, steep)
        value.sub_(like(rate, g) * (steep + decay * value))
        m.mul_(keep).add_((1 - keep) * g)
"""
OWN: tuple[dict[str, Any], ...] = (
    {}, {"blend": 0.0}, {"keep": 0.5, "weight_decay": 0.1}, {"softness": 0.01, "learning_rate": 0.002},
)  # fmt: skip
NETS = {"net": {"name": "mlp", "hidden": [8]}}, {"net": {"name": "convnet", "depth": 2, "width": 4}}


@pytest.fixture
def own(tmp_path: Path) -> UserFiles:
    (tmp_path / "optimizers").mkdir()
    (tmp_path / "optimizers/lion.py").write_text(LION)
    return UserFiles.of_folder(tmp_path)


def trials(**others: Any) -> list[Trial]:
    known = {"name": "lion", "batch_size": 20, "learning_rate": 0.01}
    return [small_trials.trial(seed=i, optimizer={**known, **one}, **others) for i, one in enumerate(OWN)]


@pytest.mark.parametrize("net", NETS, ids=["mlp", "convnet"])
def test_its_settings_may_differ_in_a_bundle_and_change_no_result(net: dict[str, Any], own: UserFiles) -> None:
    with own.active():
        bundle = trials(**net)
        assert len({trial.shape for trial in bundle}) == 1
        assert small_trials.trial(optimizer={"name": "lion", "batch_size": 10}, **net).shape != bundle[0].shape
        together = run(bundle)
        for trial in bundle:
            assert of(trial, run([trial])) == pytest.approx(of(trial, together), rel=ALONE_TOLERANCE)
    assert len({str(of(trial, together)) for trial in bundle}) == len(bundle)


def test_it_passes_the_contract_and_one_that_acts_on_0_does_not(own: UserFiles, tmp_path: Path) -> None:
    with own.active():
        assert [one for one in checks("optimizers", "lion", {}) if one.problem] == []
    (tmp_path / "optimizers/lion.py").write_text(LION.replace(".where(soft > 0, steep)", ""))
    with UserFiles.of_folder(tmp_path).active():
        (found,) = (one for one in checks("optimizers", "lion", {"softness": 0.01}) if one.problem)
    assert "differ in its settings" in found.about and "as if it were left out" in found.problem
