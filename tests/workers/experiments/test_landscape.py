"""Loss surfaces: curvature against the dense Hessian, slices against the training engine, directions, valleys."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.stores.recorded import splits
from tracking.records.rows import Row
from workers.experiments import landscape
from workers.theory import hessian_spectrum, loss_surface
from workers.trial import Trial

DIGITS = {
    "data": {"name": "digits", "train_size": 20, "test_size": 20},
    "net": {"name": "convnet", "depth": 2, "width": 3},
    "optimizer": {"name": "gd", "learning_rate": 0.05},
    "epochs": 20,
    "points": 3,
}


def trial(**changes: Any) -> Trial:
    return Trial.of("landscape", {**DIGITS, **changes})


def surface_of(one: Trial) -> loss_surface.Surface:
    assert isinstance(one.settings, landscape.Settings)
    return landscape.trained_surface(one.settings, "cpu")[0]


def recorded(one: Trial) -> list[Row]:
    (progress,) = landscape.run([one], "cpu", None)
    assert progress.ended[one.id].state == "finished"
    return progress.rows


def values(rows: list[Row], measure: str) -> list[float]:
    return [row.value for row in rows if row.measure == measure]


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # of torch.func.hessian, in forward mode
@pytest.mark.parametrize("loss", ["square", "cross_entropy", "exponential"])
def test_eigenvalues_are_those_of_the_dense_hessian(loss: str) -> None:
    surface = surface_of(trial(loss=loss))
    exact = torch.linalg.eigvalsh(torch.func.hessian(surface.loss)(surface.point)).flip(0).numpy()
    scale = np.abs(exact).max()
    assert hessian_spectrum.spectrum(surface.loss, surface.point) == pytest.approx(exact, abs=1e-12 * scale)
    largest, smallest = hessian_spectrum.extremes(surface.loss, surface.point, 5, seed=0)
    assert largest == pytest.approx(exact[:5], abs=1e-8 * scale)
    assert smallest == pytest.approx(exact[-5:], abs=1e-8 * scale)
    assert exact[-1] < 0, "with nothing negative the smallest eigenvalues would be no test"


def test_more_eigenvalues_than_there_are_at_both_ends_are_refused() -> None:
    valley = loss_surface.valley("quadratic_valley")
    with pytest.raises(ValueError, match="half of the 2 weights, got 2"):
        hessian_spectrum.extremes(valley.loss, valley.point, 2, seed=0)


@pytest.mark.parametrize("loss", ["square", "cross_entropy"])
def test_the_middle_of_every_slice_is_the_risk_that_training_recorded(loss: str) -> None:
    rows = recorded(trial(loss=loss))
    (risk,) = values(rows, "risk")
    for measure in ("loss_along_first", "loss_along_second", "loss_along_weights"):
        assert values(rows, measure)[1] == pytest.approx(risk, rel=1e-12)
    assert values(rows, "loss")[4] == pytest.approx(risk, rel=1e-12)
    assert (values(rows, "alpha")[4], values(rows, "beta")[4], values(rows, "scale")[1]) == (0, 0, 1)


def test_lines_lie_in_the_plane() -> None:
    rows = recorded(trial())
    plane = np.array(values(rows, "loss")).reshape(3, 3)
    assert plane[1].tolist() == values(rows, "loss_along_first")
    assert plane[:, 1].tolist() == values(rows, "loss_along_second")
    assert np.ptp(plane) > 0.1
    assert values(rows, "alpha")[:3] == values(rows, "beta")[::3] == [-1, 0, 1]


def test_a_net_at_scale_0_knows_nothing() -> None:
    assert values(recorded(trial(loss="cross_entropy")), "loss_along_weights")[0] == pytest.approx(math.log(10))


def test_slope_along_the_weights_is_that_of_finite_differences() -> None:
    surface = surface_of(trial())
    low, high = loss_surface.along_weights(surface, np.array([1 - 1e-5, 1 + 1e-5]))
    assert loss_surface.slope_along_weights(surface) == pytest.approx((high - low) / 2e-5, rel=1e-6)


def test_every_filter_of_a_direction_is_as_long_as_that_of_the_weights() -> None:
    rng = torch.Generator().manual_seed(1)
    weights = {
        "conv1.weight": torch.randn(4, 3, 3, 3, generator=rng, dtype=torch.float64) * torch.arange(4).view(4, 1, 1, 1),
        "conv1.bias": torch.ones(4, dtype=torch.float64),
        "output.weight": torch.randn(5, 4, generator=rng, dtype=torch.float64),
    }
    one, other = (loss_surface.filter_normalised(weights, 0, which) for which in (0, 1))
    for name in ("conv1.weight", "output.weight"):
        lengths = weights[name].flatten(1).norm(dim=1)
        torch.testing.assert_close(one[name].flatten(1).norm(dim=1), lengths)
        torch.testing.assert_close(other[name].flatten(1).norm(dim=1), lengths)
        assert not torch.allclose(one[name], other[name])
    assert not one["conv1.bias"].any()


def test_the_seed_decides_everything() -> None:
    one, again, other = (recorded(trial(seed=seed)) for seed in (0, 0, 1))
    assert one == again
    assert values(one, "loss_along_first") != values(other, "loss_along_first")


def test_lanczos_is_decided_by_its_seed() -> None:
    surface = surface_of(trial())
    one, again = (np.concatenate(hessian_spectrum.extremes(surface.loss, surface.point, 3, seed=2)) for _ in range(2))
    assert one.tolist() == again.tolist()


def test_only_the_ends_of_a_large_spectrum_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = recorded(trial(eigenvalues=2))
    monkeypatch.setattr(landscape, "DENSE", 100)
    ends = recorded(trial(eigenvalues=2))
    (parameters,) = values(ends, "parameters")
    found = [(row.step, row.value) for row in ends if row.measure == "eigenvalue"]
    assert [step for step, _ in found] == [0, 1, parameters - 2, parameters - 1]
    spectrum = values(whole, "eigenvalue")
    assert len(spectrum) == parameters
    assert [value for _, value in found] == pytest.approx([spectrum[s] for s, _ in found], abs=1e-8 * spectrum[0])
    assert not values(ends, "flat_fraction") and values(whole, "flat_fraction")


def test_fractions_of_a_spectrum() -> None:
    eigenvalues = np.array([10.0, 1.0, 9e-6, 0.0, -9e-6, -2e-5, -3.0, -4.0])
    assert hessian_spectrum.flat_fraction(eigenvalues) == 3 / 8
    assert hessian_spectrum.negative_fraction(eigenvalues) == 3 / 8


def test_quadratic_valley() -> None:
    rows = recorded(trial(surface="quadratic_valley"))
    assert values(rows, "eigenvalue") == [2, 0]
    assert values(rows, "relative_curvature") == [1, 1e-16]
    assert values(rows, "flat_fraction") == [0.5]
    assert values(rows, "loss_along_first") == values(rows, "loss_along_weights") == [0, 0, 0]
    assert values(rows, "loss_along_second") == [4, 0, 4]
    assert values(rows, "slope_along_weights") == [0]


def test_exponential_valley() -> None:
    rows = recorded(trial(surface="exponential_valley"))
    fall = [math.log1p(math.exp(-w)) for w in (0, 2, 4)]
    assert values(rows, "loss_along_first") == pytest.approx(fall, rel=1e-12)
    assert values(rows, "loss_along_weights") == pytest.approx(fall, rel=1e-12)
    assert values(rows, "loss_along_second")[0] == pytest.approx((math.log(2) + math.log1p(math.exp(-4))) / 2)
    curved = math.exp(-2) / (1 + math.exp(-2)) ** 2
    assert values(rows, "eigenvalue") == pytest.approx([curved, curved], rel=1e-12)
    assert values(rows, "slope_along_weights") == pytest.approx([-2 / (1 + math.exp(2))], rel=1e-12)


def test_training_that_diverges_ends_the_trial() -> None:
    one = trial(net={"name": "linear"}, optimizer={"name": "gd", "learning_rate": 1e6}, epochs=100, loss="square")
    (progress,) = landscape.run([one], "cpu", None)
    assert progress.ended[one.id].state == "diverged" and progress.rows == []


def test_a_resumed_bundle_goes_on_with_the_next_trial() -> None:
    one, other = trial(surface="quadratic_valley"), trial(surface="exponential_valley")
    first, second = landscape.run([one, other], "cpu", None)
    (again,) = landscape.run([one, other], "cpu", first.state())
    assert (again.rows, again.ended) == (second.rows, second.ended)
    assert list(again.ended) == [other.id]


def test_the_data_are_named() -> None:
    (progress,) = landscape.run([trial(epochs=1)], "cpu", None)
    assert progress.about.data and "digits" in progress.about.data.title


def test_rows_are_the_measures_that_are_declared() -> None:
    assert splits(recorded(trial())) == landscape.MEASURES


def test_a_slice_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="points must be odd"):
        trial(points=4)
