"""Perturbations and early stopping: each model at its own time, the same alone, in a bundle, and after a resume."""

import math

import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.trained import of, run
from workers import plugins
from workers.experiments import network
from workers.runtime import seeds

pytestmark = pytest.mark.usefixtures("engine_name")
FIT = {"net": {"name": "convnet", "depth": 3, "width": 12}, "optimizer": {"batch_size": 20, "learning_rate": 0.2}}
SMALL = {"data": {"name": "digits", "train_size": 40, "test_size": 40}, **FIT}
# Training amplifies rounding errors, which some processors make otherwise for one model than for two: within 30
# epochs those of float32 have changed an error, those of float64 nothing that is compared.
EXACT = {**SMALL, "precision": "float64"}
GAUSSIAN = {"name": "gaussian", "every": 3, "last_epoch": 36}


@pytest.mark.parametrize("name", sorted(set(plugins.PERTURBATIONS.names()) - {"none"}))
def test_a_perturbed_trial_is_the_same_in_a_bundle_and_after_a_resume(name: str) -> None:
    bundle = [small_trials.trial(s, **SMALL, epochs=40, perturbation={"name": name}) for s in range(3)]
    undisturbed = run(bundle)
    counts = [max(v for k, v in of(t, undisturbed).items() if k[2] == "perturbations") for t in bundle]
    assert min(counts) >= 1, "no model was perturbed: the test shows nothing"
    going = network.run(bundle, "cpu", None)
    state = [next(going).state() for _ in range(36)][-1]
    rest = {tuple(r[:5]): r.value for p in network.run(bundle, "cpu", state) for r in p.rows}
    assert rest == {k: v for k, v in undisturbed.items() if k[1] > 35}


def test_each_model_starts_when_it_is_ready_and_then_keeps_its_own_time() -> None:
    bundle = [small_trials.trial(s, **SMALL, epochs=40, perturbation=GAUSSIAN) for s in range(4)]
    found = run(bundle)
    firsts = []
    for trial in bundle:
        mine = of(trial, found)
        count = {k[0]: v for k, v in mine.items() if k[2] == "perturbations"}
        fitted = min(k[0] for k, v in mine.items() if k[1:3] == ("train", "error") and v == 0)
        due = [e for e in range(41) if fitted <= e <= 36 and (e - fitted) % 3 == 0]
        assert {e + 1 for e in due} == {e for e in range(1, 41) if count[e] > count[e - 1]}
        firsts.append(fitted)
    assert len(set(firsts)) > 1, "all were ready at once: the test shows nothing"


@pytest.mark.parametrize("reference", ["current", "initial"])
def test_gaussian_noise_has_a_quarter_of_the_reference_standard_deviation(reference: str) -> None:
    module = plugins.PERTURBATIONS.load("gaussian")
    now = {"a.weight": torch.randn(200, 300) * 3, "a.bias": torch.ones(5)}
    initial = {"a.weight": torch.randn(200, 300) * 0.5, "a.bias": torch.ones(5)}
    settings = module.Settings(noise_reference=reference)
    noise = module.noise(settings, now, initial, seeds.torch_generator(0, "perturbation", 0))
    assert noise.keys() == {"a.weight"}
    assert noise["a.weight"].std().item() == pytest.approx(0.75 if reference == "current" else 0.125, rel=0.02)


def test_a_unit_step_has_length_one_over_all_layers() -> None:
    module = plugins.PERTURBATIONS.load("unit_norm")
    now = {"a.weight": torch.zeros(7, 3, 3, 3), "b.weight": torch.zeros(10, 4)}
    noise = module.noise(module.Settings(), now, now, seeds.torch_generator(0, "perturbation", 0))
    assert math.sqrt(sum(d.double().square().sum().item() for d in noise.values())) == pytest.approx(1, rel=1e-6)


def test_pretraining_on_random_labels_is_where_the_recorded_training_starts() -> None:
    how = {"epochs": 80, "until": {"measure": "error"}}
    clean, corrupted = (
        small_trials.trial(0, **EXACT, epochs=40, pretrain={"label_noise": p, **how}) for p in (0.0, 1.0)
    )
    plain = small_trials.trial(0, **EXACT, epochs=40)
    assert clean.shape == corrupted.shape != plain.shape
    together = run([clean, corrupted])
    assert of(clean, together) == pytest.approx(of(plain, run([plain])), rel=1e-6)
    started, norm = of(corrupted, together), (0, "", "frobenius_norm", "conv1")
    assert started[norm] > of(clean, together)[norm] and started[(0, "train", "error", "")] > 0.5
    assert started[(40, "train", "error", "")] == 0


def test_the_control_and_the_perturbed_run_may_share_a_bundle() -> None:
    control, perturbed = (
        small_trials.trial(0, **EXACT, epochs=30, perturbation=p) for p in ({"name": "none"}, GAUSSIAN)
    )
    assert control.shape == perturbed.shape
    together, alone = run([control, perturbed]), run([control])
    assert of(control, together).keys() == of(control, alone).keys()
    assert of(control, together) == pytest.approx(of(control, alone), rel=1e-6)
    assert not any(k[2] == "perturbations" for k in of(control, together))


def test_a_model_stops_when_it_is_there_and_its_neighbours_go_on() -> None:
    bundle = [small_trials.trial(s, **SMALL, epochs=60, until={"measure": "error"}) for s in range(3)]
    alone = [list(network.run([t], "cpu", None)) for t in bundle]
    together = {id: o for p in network.run(bundle, "cpu", None) for id, o in p.ended.items()}
    for trial, progress in zip(bundle, alone, strict=True):
        outcome = together[trial.id]
        assert outcome == progress[-1].ended[trial.id]
        assert outcome.reason == "train error at most 0" and outcome.step < 60
    assert len({o.step for o in together.values()}) > 1
