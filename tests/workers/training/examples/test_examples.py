"""What each model of a bundle sees: noise on labels, inputs in place of images, normalisation, augmentation, pools."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import assert_same, made, order, run_epoch
from tests.support.networks.trained import ALONE_TOLERANCE, of, run
from workers.data import digits
from workers.engines import choose, modules, reference
from workers.engines.cpu import engine as cpu
from workers.engines.cpu import supported
from workers.engines.gpu import engine as gpu
from workers.experiments import network
from workers.interfaces.dataset import Inputs, Normalize
from workers.interfaces.images import HALF, Images, digest, scaled
from workers.training.examples import augment, inputs, normalize, subsets
from workers.training.examples.selection import Examples

DIGITS = {"name": "digits", "train_size": 120, "test_size": 60}
BYTES = digits.load(digits.Settings())
RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
COLOURED = replace(BYTES, train_x=COLOURS, train_y=BYTES.train_y[:50], test_x=COLOURS, test_y=BYTES.test_y[:50])
FLOATS = replace(BYTES, train_x=(BYTES.train_x / 7).astype(np.float32), test_x=(BYTES.test_x / 7).astype(np.float32))


def data(**changes: Any) -> dict[str, Any]:
    return {**DIGITS, **changes}


def test_noise_redraws_its_fraction_uniformly_over_all_or_over_the_other_classes() -> None:
    labels = np.full(100_000, 3)
    any_class = subsets.noisy(labels, 0.5, "any", 10, 0)
    assert np.mean(any_class != 3) == pytest.approx(0.45, abs=0.005)
    other = subsets.noisy(labels, 0.5, "other", 10, 0)
    assert np.mean(other != 3) == pytest.approx(0.5, abs=0.005)
    assert np.delete(np.bincount(other), 3) == pytest.approx(5556, abs=350)
    assert (subsets.noisy(np.array([0, 1] * 50), 1.0, "other", 2, 7) == [1, 0] * 50).all()


def test_test_labels_keep_theirs_unless_noise_is_asked_for() -> None:
    noisy = [small_trials.trial(seed, data=data(label_noise=0.5, test_label_noise=True)) for seed in range(2)]
    _, clean = made([small_trials.trial(data=data(label_noise=0.5))])
    _, examples = made(noisy)
    assert (clean.test_labels == BYTES.test_y[:60]).all()
    assert 15 < (examples.test_labels[0] != BYTES.test_y[:60]).sum() < 40
    assert (examples.test_labels[0] != examples.test_labels[1]).any()


@pytest.mark.parametrize("kind", ["shuffled_pixels", "random_pixels", "gaussian"])
def test_inputs_are_the_seeds_and_nested_as_the_subsets_are(kind: Inputs) -> None:
    few, many, other = (
        inputs.replaced(BYTES, BYTES.train_x[:n], kind, "train", s) for n, s in ((5, 0), (9, 0), (5, 1))
    )
    assert (few == many[:5]).all() and few.shape == BYTES.train_x[:5].shape
    assert (few != other).any() and (few != BYTES.train_x[:5]).any()


def test_shuffled_pixels_have_one_permutation_for_both_splits_and_random_pixels_one_an_image() -> None:
    same = np.repeat(COLOURS[:1], 6, axis=0)
    shuffled, test = (inputs.replaced(COLOURED, same, "shuffled_pixels", split, 3) for split in ("train", "test"))
    assert (shuffled == shuffled[0]).all() and (test == shuffled).all()
    independent = inputs.replaced(COLOURED, same, "random_pixels", "train", 3)
    assert len({image.tobytes() for image in independent}) == 6
    for image in (shuffled[0], independent[0]):  # a pixel moves with its colours
        assert {p.tobytes() for p in image.reshape(16, 3)} == {p.tobytes() for p in COLOURS[0].reshape(16, 3)}


def test_figures_say_what_inputs_replace_the_images() -> None:
    gaussian, plain = (
        made([small_trials.trial(data=data(**changes))])[1].images.title for changes in ({"inputs": "gaussian"}, {})
    )
    assert gaussian == f"{plain}, Gaussian inputs"


def test_features_are_shuffled_like_pixels() -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(2, 1, 1, 6)
    found = inputs.replaced(BYTES, vectors, "shuffled_pixels", "train", 0)
    assert (np.sort(found) == vectors).all() and (found != vectors).any() and (found[1] - found[0] == 6).all()


@pytest.mark.parametrize("how", ["half", "per_channel", "none"])
@pytest.mark.parametrize("images", [COLOURED, FLOATS], ids=["bytes", "floats"])
def test_gaussian_inputs_have_the_moments_of_what_networks_see(images: Images, how: Normalize) -> None:
    images = normalize.normalized(images, how)
    seen = scaled(torch.from_numpy(images.train_x), torch.float64, images.scaling).numpy()
    drawn = inputs.replaced(images, np.broadcast_to(seen[:1], (4000, *seen.shape[1:])), "gaussian", "train", 0)
    mean, deviation = seen.mean((0, 1, 2)), seen.std((0, 1, 2))
    assert drawn.dtype == np.float32
    assert drawn.mean((0, 1, 2)) == pytest.approx(mean, abs=0.03 * deviation.max())
    assert drawn.std((0, 1, 2)) == pytest.approx(deviation, rel=0.03)


@pytest.mark.parametrize("images", [COLOURED, FLOATS], ids=["bytes", "floats"])
def test_normalised_channels_have_mean_0_and_deviation_1(images: Images) -> None:
    whole = normalize.normalized(images, "per_channel")
    seen = scaled(torch.from_numpy(whole.train_x), torch.float64, whole.scaling).numpy()
    assert seen.mean((0, 1, 2)) == pytest.approx(0, abs=1e-6) and seen.std((0, 1, 2)) == pytest.approx(1, abs=1e-6)
    assert whole.digest == images.digest


def test_normalisation_is_that_of_all_training_images_in_parts_and_keeps_constant_channels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(normalize, "CHUNK", 7)
    mean, deviation = normalize.moments(COLOURS)
    assert mean == pytest.approx(COLOURS.mean((0, 1, 2))) and deviation == pytest.approx(COLOURS.std((0, 1, 2)))
    nines = np.full((50, 4, 4, 3), 9, np.uint8)
    flat = replace(COLOURED, train_x=nines, test_x=nines)
    whole = normalize.normalized(flat, "per_channel")
    assert not scaled(torch.from_numpy(whole.train_x), torch.float32, whole.scaling).any()


def test_floats_are_what_networks_see_and_are_not_changed_in_place() -> None:
    floats = torch.rand(2, 3, 3, 1)
    before = floats.clone()
    assert (scaled(floats, torch.float32, HALF) == before).all() and (floats == before).all()


def test_windows_and_mirrors_are_those_of_padded_images() -> None:
    x = torch.from_numpy(COLOURS[None, :6].copy())
    moves = torch.tensor([[[0, 4, 4], [1, 4, 4], [0, 0, 8], [1, 8, 0], [0, 5, 4], [1, 3, 6]]])
    padded = np.pad(COLOURS[:6], ((0, 0), (4, 4), (4, 4), (0, 0)))
    for found, image, (flipped, top, left) in zip(
        augment.augmented(x, moves)[0], padded, moves[0].tolist(), strict=True
    ):
        window = image[top : top + 4, left : left + 4]
        assert (found.numpy() == (window[:, ::-1] if flipped else window)).all()


def test_what_is_not_asked_for_does_not_move() -> None:
    both, flips, crops = (augment.drawn(how, 0, 1, 400) for how in (("crop", "flip"), ("flip",), ("crop",)))
    assert (flips[:, 1:] == augment.PADDING).all() and (crops[:, 0] == 0).all()
    assert (both == np.column_stack([flips[:, 0], crops[:, 1:]])).all()
    assert set(flips[:, 0]) == {0, 1} and set(crops[:, 1]) == set(range(9))
    assert (both != augment.drawn(("crop", "flip"), 0, 2, 400)).any()


@pytest.mark.usefixtures("engine_name")
def test_augmentation_does_not_depend_on_the_bundle_or_on_a_resume() -> None:
    trials = [small_trials.trial(seed, data=data(augment=["flip", "crop"])) for seed in range(3)]
    together, plain = run(trials), run([small_trials.trial(1)])
    assert of(trials[1], together) == pytest.approx(of(trials[1], run([trials[1]])), rel=ALONE_TOLERANCE)
    risk = (3, "test", "risk", "")
    assert of(trials[1], together)[risk] != pytest.approx(of(small_trials.trial(1), plain)[risk], rel=1e-3)
    begun = network.run(trials, "cpu", None)
    state = [next(begun).state() for _ in range(2)][-1]
    rest = {tuple(r[:5]): r.value for p in network.run(trials, "cpu", state) for r in p.rows}
    assert rest == {k: v for k, v in together.items() if k[1] > 1}


def test_the_kernels_leave_to_other_engines_what_they_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "augment" in _why_not(augment=["flip"])
    monkeypatch.setattr(supported, "MOST_FLOATS", 1000)
    assert "do not scale bytes per_channel" in _why_not(normalize="per_channel")


def _why_not(**changes: Any) -> str:
    settings, examples = made([small_trials.trial(data=data(**changes))])
    return supported.why_not(settings[0], examples.sizes())


VARIANTS: list[dict[str, Any]] = [
    {"label_noise": 0.3, "label_noise_to": "other", "test_label_noise": True},
    {"inputs": "shuffled_pixels"}, {"inputs": "gaussian", "label_noise": 1.0}, {"normalize": "per_channel"},
    {"normalize": "none"}, {"augment": ["crop", "flip"], "inputs": "random_pixels"},
]  # fmt: skip


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_engines_agree_on_examples_of_each_models_own(changes: dict[str, Any]) -> None:
    rate = 1e-5 if changes.get("normalize") == "none" else 0.05  # numbers up to 255 train at small rates only
    optimizer = {"batch_size": 32, "learning_rate": rate}
    settings, examples = made([small_trials.trial(s, data=data(**changes), optimizer=optimizer) for s in range(3)])
    engines: list[Any] = [engine(settings, examples, "cpu") for engine in (reference.Reference, modules.Modules)]
    if not choose.why_not("batched", settings[0], examples.sizes(), "cpu"):
        engines.append(gpu.Batched(settings, examples, "cpu"))
    if not supported.why_not(settings[0], examples.sizes()):
        engines.append(cpu.Fused(settings, examples))
    for engine in engines:
        run_epoch(engine, settings, order(3, 120, 1), [True] * 3)
    expected = engines[0]
    for engine in engines[1:]:
        assert_same({"parameters": expected.parameters()}, {"parameters": engine.parameters()})
        for split in ("train", "test"):
            assert torch.equal(engine.outputs(split)[1], expected.outputs(split)[1])
            torch.testing.assert_close(engine.totals(split), expected.totals(split), rtol=1e-4, atol=1e-6)


def test_a_pool_is_divided_by_each_seed() -> None:
    pool = BYTES.train_x, BYTES.train_y
    images = Images(*pool, *pool, 10, "pool", digest(*pool), divided=1000)
    settings = [small_trials.trial(seed, data=data(train_size=120, test_size=60)).settings for seed in range(2)]
    examples = Examples.of(images, settings)
    assert examples.test_index is not None and examples.index.shape == (2, 120) and examples.test_index.shape == (2, 60)
    for train, test, labels in zip(examples.index, examples.test_index, examples.test_labels, strict=True):
        assert not set(train) & set(test) and (labels == BYTES.train_y[test]).all()
    assert (examples.index[0] != examples.index[1]).any()
