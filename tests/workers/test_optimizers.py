"""Optimizers and schedules against those of PyTorch, and over all engines: alone, in a bundle, after a resume."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import made, order
from tests.support.networks.trained import ALONE_TOLERANCE, of, run
from workers.engines.choose import choose
from workers.experiments import network
from workers.interfaces.optimizer import OPTIMIZERS, numbers_of
from workers.interfaces.schedule import SCHEDULES
from workers.training.rates import Rates

torch.set_num_threads(1)  # sums in the same order each time
HALF = {
    "net": {"name": "convnet", "depth": 2, "width": 4},
    "data": {"name": "digits", "train_size": 60, "test_size": 20},
}
BATCH_NORM = {**HALF, "net": {"name": "convnet", "depth": 2, "width": 4, "batch_norm": True}}

# (settings of three models, the same in PyTorch)
UPDATES: dict[str, tuple[str, list[dict[str, Any]], type[torch.optim.Optimizer]]] = {
    "sgd": ("sgd", [{}, {"momentum": 0.9}, {"momentum": 0.5, "weight_decay": 0.1}], torch.optim.SGD),
    "nesterov": ("sgd", [{"momentum": 0.9, "nesterov": True}, {"momentum": 0.5}, {}], torch.optim.SGD),
    "gd": ("gd", [{"momentum": 0.9}, {"weight_decay": 0.5}, {}], torch.optim.SGD),
    "adam": ("adam", [{}, {"beta1": 0.0, "weight_decay": 0.1}, {"beta2": 0.9, "epsilon": 1e-3}], torch.optim.Adam),
    "sgld": ("sgld", [{"temperature": 0.0, "weight_decay": decay} for decay in (0.0, 0.5, 0.1)], torch.optim.SGD),
    "adamw": ("adamw", [{}, {"weight_decay": 0.0}, {"beta1": 0.5, "weight_decay": 0.3}], torch.optim.AdamW),
}


def test_every_optimizer_is_compared() -> None:
    assert {name for name, _, _ in UPDATES.values()} == set(OPTIMIZERS.names())


@pytest.mark.parametrize("name", UPDATES)
def test_steps_are_those_of_pytorch(name: str) -> None:
    """Three models with numbers of their own, 30 steps at a changing rate, in float64."""
    file, each, theirs = UPDATES[name]
    optimizer = OPTIMIZERS.load(file)
    settings = [optimizer.Settings(**one) for one in each]
    rng = torch.Generator().manual_seed(0)
    start, gradients = (torch.randn(*size, 3, 4, 5, generator=rng, dtype=torch.float64) for size in ((), (30,)))
    p, state = {"w": start.clone()}, {part: {"w": torch.zeros_like(start)} for part in optimizer.STATE}
    numbers = numbers_of(settings, torch.float64, "cpu")
    right = [_pytorch(theirs, one, start[i].clone().requires_grad_()) for i, one in enumerate(settings)]
    for t, gradient in enumerate(gradients, 1):
        rate = 0.1 / t * torch.ones(3, dtype=torch.float64)
        optimizer.step(numbers, p, {"w": gradient.clone()}, state, rate, torch.tensor(float(t), dtype=torch.float64))
        for i, one in enumerate(right):
            one.param_groups[0]["lr"] = 0.1 / t
            one.param_groups[0]["params"][0].grad = gradient[i].clone()
            one.step()
    for i, one in enumerate(right):
        torch.testing.assert_close(p["w"][i], one.param_groups[0]["params"][0].detach(), rtol=1e-12, atol=1e-14)


def _pytorch(theirs: Any, settings: Any, parameter: torch.Tensor) -> torch.optim.Optimizer:
    known = {key: value for key, value in settings.model_dump().items() if key in ("momentum", "nesterov")}
    if hasattr(settings, "beta1"):
        known |= {"betas": (settings.beta1, settings.beta2), "eps": settings.epsilon}
    return theirs([parameter], lr=0.1, weight_decay=settings.weight_decay, **known)


EPOCHS, STEPS = 7, 3
Scheduler = torch.optim.lr_scheduler


def warmup(optimizer: Any, units: int, rest: Any) -> Any:
    """torch.optim.lr_scheduler: a linear rise that takes so many units, then something else."""
    rise = Scheduler.LinearLR(optimizer, start_factor=1 / units, total_iters=units - 1)
    return Scheduler.SequentialLR(optimizer, [rise, rest], milestones=[units])


def inverse_square_root(optimizer: Any, units: int) -> Any:
    """As written in the paper, step_num counted from 1, scaled to 1 at its highest."""
    return Scheduler.LambdaLR(
        optimizer, lambda k: units**0.5 * min((k + 1) ** -0.5, (k + 1) * units**-1.5)
    )  # fmt: skip


# settings, and the same by PyTorch, given its optimizer and how many units (epochs or steps) an epoch has
RATES: dict[str, tuple[dict[str, Any], Any]] = {
    "constant": ({"name": "constant"}, lambda o, u: Scheduler.ConstantLR(o, factor=1.0)),
    "step, every": ({"name": "step", "every": 2, "gamma": 0.5}, lambda o, u: Scheduler.StepLR(o, 2 * u, 0.5)),
    "step, at": ({"name": "step", "at": [5, 2]}, lambda o, u: Scheduler.MultiStepLR(o, [2 * u, 5 * u], 0.1)),
    "cosine": ({"name": "cosine", "final": 0.25}, lambda o, u: Scheduler.CosineAnnealingLR(o, 7 * u, 0.25 * 0.2)),
    "warm-up": (
        {"name": "linear_warmup", "warmup": 2}, lambda o, u: warmup(o, 2 * u, Scheduler.ConstantLR(o, factor=1.0))
    ),
    "warm-up, cosine": (
        {"name": "linear_warmup", "warmup": 3, "then": "cosine"},
        lambda o, u: warmup(o, 3 * u, Scheduler.CosineAnnealingLR(o, 4 * u)),
    ),
    "inverse square root": ({"name": "inverse_square_root", "warmup": 2}, lambda o, u: inverse_square_root(o, 2 * u)),
}  # fmt: skip


def test_every_schedule_is_compared() -> None:
    assert {settings["name"] for settings, _ in RATES.values()} | {"loss_based"} == set(SCHEDULES.names())


@pytest.mark.parametrize("per", ["epoch", "step"])
@pytest.mark.parametrize("name", RATES)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_rates_are_those_of_pytorch(name: str, per: str) -> None:
    schedule, theirs = RATES[name]
    schedule = schedule if name == "constant" else {**schedule, "per": per}
    trial = small_trials.trial(epochs=EPOCHS, optimizer={"batch_size": 20, "learning_rate": 0.2, "schedule": schedule})
    mine = Rates([trial.settings], 20 * STEPS)  # type: ignore[list-item]
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.2)
    right = theirs(optimizer, STEPS if per == "step" else 1)
    expected = []
    for _ in range(EPOCHS):
        expected.append([])
        for _ in range(STEPS):
            expected[-1].append(right.get_last_lr()[0])
            optimizer.step()
            if per == "step":
                right.step()
        if per == "epoch":
            right.step()
    found = np.concatenate([mine.of(epoch) for epoch in range(1, EPOCHS + 1)])
    assert found == pytest.approx(np.array(expected), rel=1e-9)


def test_the_loss_based_rate_grows_as_the_risk_falls() -> None:
    """Lyu and Li: alpha / risk, alpha times 2^(1/5) after a fall; divided by 2^(1/10) after a rise, which is undone."""
    optimizer = {"batch_size": 20, "learning_rate": 0.3, "schedule": {"name": "loss_based"}}
    rates = Rates([small_trials.trial(optimizer=optimizer).settings], 60)  # type: ignore[list-item]
    assert rates.need_risk
    found, undone = [], []
    for epoch, risk in enumerate([2.0, 1.0, 1.5, np.nan, 0.01], 1):
        undone.append(rates.learn(np.array([risk]))[0])
        found.append(rates.of(epoch)[0, 0])
    up, down = 2**0.2, 2**0.1
    assert undone == [False, False, True, True, False]
    expected = [0.3, 0.3 * up * 2, 0.3 * up / down * 2, 0.3 * up / down**2 * 2, 0.3 * up / down**2 * up * 200]
    assert found == pytest.approx(expected)


def test_an_epoch_that_raises_the_risk_is_undone_for_this_model_alone() -> None:
    schedule = {"name": "loss_based", "shrink": 1000.0}
    optimizer = {"name": "sgd", "batch_size": 20, "momentum": 0.5}
    wild, tame = (
        small_trials.trial(s, **HALF, optimizer={**optimizer, "learning_rate": rate, "schedule": schedule})
        for s, rate in enumerate([30.0, 0.05])
    )  # fmt: skip
    found = run([wild, tame])
    assert of(tame, found) == pytest.approx(of(tame, run([tame])), rel=ALONE_TOLERANCE)
    risks = [found[(wild.id, epoch, "train", "risk", "")] for epoch in range(4)]
    assert risks[1] == risks[0], "the first epoch made it worse"
    assert risks[3] < risks[1], "at a thousandth of the rate it learns"


MIXED: list[dict[str, Any]] = [
    {"learning_rate": 0.1, "schedule": {"name": "cosine", "per": "step"}},
    {"learning_rate": 0.05, "weight_decay": 0.01, "schedule": {"name": "inverse_square_root"}},
    {"learning_rate": 0.02, "schedule": {"name": "loss_based"}},
]
SGD: list[dict[str, Any]] = [{"momentum": 0.9, "nesterov": True}, {"momentum": 0.5}, {}]
ADAM: list[dict[str, Any]] = [{}, {"beta1": 0.5}, {"beta2": 0.9}]


def mixed(name: str, **changes: Any) -> list[Any]:
    """Three models of one bundle, with schedules and numbers of their own. Adam with a large epsilon and small rates:
    else gradients near 0 make steps of either sign, whatever rounding."""
    own, scale = (SGD, 1.0) if name == "sgd" else (ADAM, 0.2)
    every = {"name": name, "batch_size": 25} | ({} if name == "sgd" else {"epsilon": 1e-3})
    return [
        small_trials.trial(
            i, **{**HALF, **changes},
            optimizer={**every, **m, **o, "learning_rate": m["learning_rate"] * scale},
        )
        for i, (m, o) in enumerate(zip(MIXED, own, strict=True))
    ]  # fmt: skip


@pytest.mark.parametrize("engine", [name for name in small_trials.engines() if name != "reference"])
@pytest.mark.parametrize("case", [HALF, BATCH_NORM], ids=["plain", "batch norm"])
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_the_engines_take_the_same_steps(
    name: str, case: dict[str, Any], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rates of every step, weight decay, Nesterov's momentum, each model its own; one model ends before the others."""
    settings, examples = made(mixed(name, **case))
    states = []
    for which in ("reference", engine):
        monkeypatch.setenv("SWEEP_ENGINE", which)
        trained = choose(settings, examples, "cpu")
        assert type(trained).__name__.lower() == which
        rates = Rates(settings, 60)
        for epoch in (1, 2):
            rates.learn(trained.totals("train")[1].numpy())
            trained.epoch(
                order(3, 60, epoch), np.array([True, True, epoch == 1]), rates.of(epoch), rates.before(epoch)
            )  # fmt: skip
        states.append(trained.state())
    one, other = states
    assert {"parameters", "buffers", *OPTIMIZERS.load(name).STATE} <= one.keys() & other.keys()
    for part in ("parameters", "buffers", *OPTIMIZERS.load(name).STATE):
        for key, value in one[part].items():
            torch.testing.assert_close(value, other[part][key], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_models_with_settings_of_their_own_train_as_they_do_alone(name: str) -> None:
    bundle = mixed(name)
    assert len({trial.shape for trial in bundle}) == 1
    together = run(bundle)
    for trial in bundle:
        alone = of(trial, run([trial]))
        assert alone == pytest.approx(of(trial, together), rel=ALONE_TOLERANCE)


@pytest.mark.parametrize("engine", small_trials.engines())
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_a_resume_within_a_schedule_changes_no_bit(name: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss-based rates too, whose risks are part of what is resumed, where not every epoch is evaluated."""
    monkeypatch.setenv("SWEEP_ENGINE", engine)
    bundle = mixed(name, epochs=5, evaluate_every=2)
    undisturbed = run(bundle)
    going = network.run(bundle, "cpu", None)
    next(going)
    state = next(going).state()
    assert state["epoch"] == 2
    rest = {tuple(r[:5]): r.value for p in network.run(bundle, "cpu", state) for r in p.rows}
    assert rest == {key: value for key, value in undisturbed.items() if key[1] > 2}


def test_on_fitted_examples_the_loss_based_rate_goes_on_where_a_constant_one_slows_down() -> None:
    """The risk falls like an exponential of the epochs, with a constant rate like their inverse."""

    def risk(schedule: str) -> float:
        optimizer = {"batch_size": 20, "learning_rate": 0.2, "schedule": {"name": schedule}}
        data = {"name": "digits", "train_size": 40, "test_size": 20}
        net = {"name": "convnet", "depth": 3, "width": 8}
        trial = small_trials.trial(data=data, net=net, optimizer=optimizer, epochs=400, evaluate_every=400)
        return run([trial])[(trial.id, 400, "train", "risk", "")]

    assert risk("loss_based") < 0.05 * risk("constant")


def test_pretraining_leaves_nothing_in_what_the_optimizer_keeps() -> None:
    """A trial whose pretraining is skipped (no label noise) trains as one that has none, beside one that has some."""
    optimizer = {"name": "adam", "batch_size": 25, "learning_rate": 0.01}
    plain = small_trials.trial(1, **HALF, optimizer=optimizer)
    skipped, noisy = (
        small_trials.trial(1, **HALF, optimizer=optimizer, pretrain={"label_noise": noise, "epochs": 2})
        for noise in (0.0, 1.0)
    )  # fmt: skip
    found = run([skipped, noisy])
    assert of(skipped, found) == pytest.approx(of(plain, run([plain])), rel=ALONE_TOLERANCE)
    assert of(noisy, found) != pytest.approx(of(skipped, found), rel=0.1)
