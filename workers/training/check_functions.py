"""Checks a loss, an optimizer and a schedule of the user's own before anything trains: by calling them on numbers.

Raises BadPlugin with path, line, what was found and what to do. Takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from workers.interfaces.optimizer import noise_names, numbers_of
from workers.interfaces.schedule import Risks, Time
from workers.plugins import LOSSES, OPTIMIZERS, SCHEDULES
from workers.training.located import located, refused
from workers.training.step_noise import StepNoise

if TYPE_CHECKING:
    from workers.training.settings import Settings

MODELS, EXAMPLES, STEPS = 2, 3, 4
TOGETHER = 16  # different settings of an optimizer that are tried as one bundle
CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # sums of one model and of two may be taken in another order


def check_functions(settings: Settings, classes: int) -> None:
    """Checks those functions of these settings that are the user's own. Raises BadPlugin."""
    if not LOSSES.place(settings.loss).shipped:
        _check_loss(settings.loss, classes)
    if not OPTIMIZERS.place(settings.optimizer.name).shipped:
        _check_optimizer(settings)
    if not SCHEDULES.place(settings.optimizer.schedule.name).shipped:
        _check_schedule(settings)


def check_together(settings: Sequence[Settings]) -> None:
    """Checks an optimizer of the user's own, that models with these settings of it may be trained as one bundle."""
    name, bundle = settings[0].optimizer.name, settings[:TOGETHER]
    if OPTIMIZERS.place(name).shipped or len(bundle) < 2:
        return
    start = _start(len(bundle))
    with located(OPTIMIZERS, name, f"given models of {len(bundle)} different settings"):
        together, each = _stepped(bundle, start), _each_alone(bundle, start)
    if wrong := next((key for key in start if not _close(together[key], each[key])), ""):
        why = (
            f"a model has other values of {wrong} beside one with other settings of the optimizer than alone; a number "
            "that is 0 in one model is there where another has it, and must then act as if it were left out"
        )
        raise refused(OPTIMIZERS, name, why, OPTIMIZERS.load(name).step)


def _start(models: int) -> dict[str, Tensor]:
    """Parameters. The last dimension of each is as many as there are models: a number of each model that is not shaped
    by `like` would be broadcast along it without an error."""
    return {"layer.weight": _random(models, 3, models), "layer.bias": _random(models, models)}


def _each_alone(bundle: Sequence[Settings], start: Mapping[str, Tensor]) -> dict[str, Tensor]:
    alone = [_stepped([one], {key: v[i : i + 1] for key, v in start.items()}) for i, one in enumerate(bundle)]
    return {key: torch.cat([p[key] for p in alone]) for key in start}


def _close(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, **CLOSE, equal_nan=True)


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _check_loss(name: str, classes: int) -> None:
    loss = LOSSES.load(name).loss
    outputs = _random(MODELS, EXAMPLES, classes).requires_grad_()
    labels = torch.arange(MODELS * EXAMPLES).remainder(classes).view(MODELS, EXAMPLES)
    given = f"given outputs (M, B, C) of shape {tuple(outputs.shape)} and labels (M, B) of shape {tuple(labels.shape)}"
    with located(LOSSES, name, given):
        found = loss(outputs, labels)
        wrong = _wrong_values(found, labels.shape)
        if wrong:
            raise refused(LOSSES, name, f"{given}, it {wrong}: one loss for each example", loss)
        if not found.requires_grad:
            why = "its values cannot be differentiated by the outputs; leave out detach, item, numpy and torch.no_grad"
            raise refused(LOSSES, name, why, loss)
        if not torch.equal(found, loss(outputs, labels)):
            raise refused(LOSSES, name, "the same outputs have other losses the second time; draw nothing in it", loss)
        one = loss(outputs[1:, 2:], labels[1:, 2:])
    if not _close(found[1:, 2:], one):
        why = "the loss of an example depends on other examples or models; compute it from its own outputs and label"
        raise refused(LOSSES, name, why, loss)


def _wrong_values(found: object, shape: torch.Size) -> str:
    """What is wrong with what a loss returns; "" where it is right."""
    expected = f"expected a tensor of floating point of shape {tuple(shape)}"
    if not isinstance(found, Tensor):
        return f"returns {type(found).__name__}, {expected}"
    right = found.shape == shape and found.is_floating_point()
    return "" if right else f"returns a tensor of {found.dtype} of shape {tuple(found.shape)}, {expected}"


def _check_optimizer(settings: Settings) -> None:
    """Two steps of two models, and of each alone."""
    name, module = settings.optimizer.name, OPTIMIZERS.load(settings.optimizer.name)
    there = f"STATE = {module.STATE} and NOISE = {noise_names(name)}"
    given = f"a number that is 0 in all models is left out of numbers; the state has {there}"
    with located(OPTIMIZERS, name, given):
        start, bundle = _start(MODELS), [settings.model_copy(update={"seed": i}) for i in range(MODELS)]
        together, again = (_stepped(bundle, start) for _ in range(2))
        each = _each_alone(bundle, start)
    if not all(torch.equal(value, again[key]) for key, value in together.items()):
        why = "the step has other results the second time; take random numbers by NOISE, keep what changes in STATE"
        raise refused(OPTIMIZERS, name, why, module.step)
    if all(torch.equal(together[key], value) for key, value in start.items()):
        why = "step changes no parameter: change the tensors of p in place, as by value.sub_(...) and not value = ..."
        raise refused(OPTIMIZERS, name, why, module.step)
    for key, value in together.items():
        if not _close(value, each[key]):
            why = f"a model has other values of {key} beside another than alone; shape numbers and rate by `like`"
            raise refused(OPTIMIZERS, name, why, module.step)


def _stepped(bundle: Sequence[Settings], start: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters of these models after two steps; their rates differ, where their seeds do."""
    module, p = OPTIMIZERS.load(bundle[0].optimizer.name), {key: value.clone() for key, value in start.items()}
    numbers, noise = numbers_of([s.optimizer for s in bundle], torch.float32, "cpu"), StepNoise(bundle)
    state = {key: {name: torch.zeros_like(value) for name, value in p.items()} for key in module.STATE}
    rate = torch.tensor([s.optimizer.learning_rate * (1 + s.seed) for s in bundle])
    with torch.no_grad():
        for t in (1, 2):
            gradient = {key: value * t for key, value in start.items()}
            number = torch.tensor(float(t), dtype=torch.float64)
            module.step(numbers, p, gradient, {**state, **noise.of(p, t)}, rate, number)
    return p


def _check_schedule(settings: Settings) -> None:
    """The factors of the first epoch, of one in the middle and of the last."""
    schedule, total = settings.optimizer.schedule, settings.epochs
    name, factor = schedule.name, SCHEDULES.load(schedule.name).factor
    for epoch in sorted({0, total // 2, total - 1}):
        parts = np.arange(STEPS) / STEPS
        step = schedule.per == "step"
        time = Time(epoch + (parts if step else 0 * parts), 1 / STEPS if step else 1.0, float(total))
        with located(SCHEDULES, name, f"given time.done {time.done}"):
            found: object = factor(schedule, time, Risks(1.0, 1.0))
        if not isinstance(found, np.ndarray) or found.shape != (STEPS,):
            got = f"an array of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
            why = f"factor returns {got}, expected an array of shape ({STEPS},): one number for each of time.done"
            raise refused(SCHEDULES, name, why, factor)
        if not (np.isfinite(found).all() and (found >= 0).all()):
            why = f"factor returns {found} in epoch {epoch + 1} of {total}, expected finite numbers that are at least 0"
            raise refused(SCHEDULES, name, why, factor)
