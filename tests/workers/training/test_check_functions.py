"""Losses, optimizers and schedules that cannot be trained with are refused before anything trains.

So are values of a measure that are not one number for each model.
"""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from tests.support.networks import small_trials
from tracking.common.errors import BadPlugin
from tracking.common.named_files.user_files import UserFiles
from workers.experiments import network
from workers.training.measured_rows import wrong_yield

LOSS = "def loss(outputs, labels):\n    return {}\n"
SQUARES = "outputs.square().sum(-1)"
OPTIMIZER = """
from typing import Literal
import torch
from workers.interfaces.optimizer import OptimizerSettings, like
STATE = ()
class Settings(OptimizerSettings):
    beta: float = 0.0
def numbers(settings): return {{"beta": settings.beta}}
def step(numbers, p, gradient, state, rate, t):
    for name, value in p.items():
        {}
"""
SCHEDULE = """
import numpy as np
from workers.interfaces.schedule import ScheduleSettings
class Settings(ScheduleSettings):
    pass
def factor(settings, time, risks): return {}
"""
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "a mean": ("losses", LOSS, f"{SQUARES}.mean()", r"shape \(\), expected .* shape \(2, 3\): one loss for each"),
    "a column": ("losses", LOSS, f"{SQUARES}[..., None]", r"shape \(2, 3, 1\), expected"),
    "no tensor": ("losses", LOSS, "1.0", "returns float, expected"),
    "not differentiable": ("losses", LOSS, f"{SQUARES}.detach()", "cannot be differentiated by the outputs"),
    "random": ("losses", LOSS, f"{SQUARES} + __import__('torch').rand(1)", "other losses the second time"),
    "other examples": ("losses", LOSS, f"{SQUARES} - {SQUARES}.mean()", "depends on other examples or models"),
    "raises": ("losses", LOSS, "outputs.absent", r"mine.py:2\): AttributeError.*; given outputs \(M, B, C\) of shape"),
    "not in place": ("optimizers", OPTIMIZER, "value = value - gradient[name]", "step changes no parameter"),
    "not shaped": ("optimizers", OPTIMIZER, "value.sub_(rate * gradient[name])", "beside another than alone; .*like`"),
    "a zero number": ("optimizers", OPTIMIZER, "numbers['beta']", "KeyError: 'beta'; a number that is 0 in all"),
    "a random step": ("optimizers", OPTIMIZER, "value.sub_(torch.rand_like(value))", "other results the second time"),
    "a number": ("schedules", SCHEDULE, "1.0", r"factor returns float, expected an array of shape \(4,\)"),
    "negative": ("schedules", SCHEDULE, "-np.ones(len(time.done))", "in epoch 1 of .*, expected finite numbers"),
}  # fmt: skip
NAMED = {"losses": {"loss": "mine"}, "optimizers": {"optimizer": {"name": "mine"}},
         "schedules": {"optimizer": {"name": "sgd", "schedule": {"name": "mine"}}}}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_function_is_refused(name: str, tmp_path: Path) -> None:
    folder, source, body, says = BROKEN[name]
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "mine.py").write_text(source.format(body))
    with UserFiles.of_folder(tmp_path).active():
        trial = small_trials.trial(**NAMED[folder])
        with pytest.raises(BadPlugin, match=says) as refused:
            network.prepare([trial])
    assert f"{folder}/mine.py:" in str(refused.value)


CLIPPED = """g = gradient[name]
        if "beta" in numbers:
            g = {}
        value.sub_(g)"""
BETA = "like(numbers['beta'], g)"
TOGETHER = {
    "as if it were left out": (f"torch.where({BETA} > 0, g.clamp(-{BETA}, {BETA}), g)", ""),
    "no weight at all": (f"g.clamp(-{BETA}, {BETA})", "beside one with other settings of the optimizer than alone"),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_a_number_that_is_0_in_one_model_acts_as_if_it_were_left_out(name: str, tmp_path: Path) -> None:
    """Since trials that differ in the settings of an optimizer share a bundle."""
    clipped, refused = TOGETHER[name]
    (tmp_path / "optimizers").mkdir()
    (tmp_path / "optimizers/mine.py").write_text(OPTIMIZER.format(CLIPPED.format(clipped)))
    with UserFiles.of_folder(tmp_path).active():
        trials = [small_trials.trial(optimizer={"name": "mine", "beta": beta}) for beta in (0.0, 0.1)]
        for alone in trials:
            network.prepare([alone])
        with pytest.raises(BadPlugin, match=refused) if refused else nullcontext():
            network.prepare(trials)


NOISE: dict[str, tuple[str, str, str]] = {
    "of a step": ("NOISE = ('n',)", "value.sub_(gradient[name]).sub_(state['n'][name])", ""),
    "not said": ("", "value.sub_(state['n'][name])", r"KeyError: 'n'; .* STATE = \(\) and NOISE = \(\)"),
    "no tuple": ("NOISE = 'n'", "value.sub_(state['n'][name])", "has NOISE = 'n', expected NOISE: tuple.*: Names of"),
    "kept": ("NOISE = STATE = ('n',)", "value.sub_(state['n'][name])", "names n in NOISE and in STATE"),
}


@pytest.mark.parametrize("name", NOISE)
def test_random_numbers_of_a_step_are_those_that_the_file_names(name: str, tmp_path: Path) -> None:
    said, body, refused = NOISE[name]
    (tmp_path / "optimizers").mkdir()
    (tmp_path / "optimizers/mine.py").write_text(f"{OPTIMIZER.format(body)}{said}\n")
    with UserFiles.of_folder(tmp_path).active():
        trial = small_trials.trial(optimizer={"name": "mine"})
        with pytest.raises(BadPlugin, match=refused) if refused else nullcontext():
            network.prepare([trial])


@pytest.mark.parametrize(
    ("yielded", "says"),
    [
        (("train", "", torch.ones(2)), ""),
        (("train", "", torch.ones(2, dtype=torch.long)), ""),
        (("train", "", 1.0), "yields float as values of split 'train'"),
        (("train", "", torch.ones(2, 3)), "of shape (2, 3) as values of split 'train', expected a tensor of shape"),
        (("train", torch.ones(2)), "yields 2 values, expected three"),
        (torch.ones(2), "yields Tensor, expected three"),
        (("test", "", torch.ones(2)), "yields split 'test', layer ''; SPLITS says ('train', 'val')"),
        (("val", "", torch.ones(2)), "yields split 'val', layer ''"),
    ],
)  # fmt: skip
def test_what_a_measure_yields_is_one_number_for_each_model(yielded: object, says: str) -> None:
    found = wrong_yield(yielded, ("train", "val"), 2)
    assert says in found and bool(says) == bool(found)
