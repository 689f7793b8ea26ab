"""The shapes in signatures are looked at while tests run: arrays of other shapes or types are refused."""

import importlib
import inspect
import subprocess
import sys
from pkgutil import walk_packages

import numpy as np
import pytest
import torch

from tests.support.networks import check_shapes
from tests.support.networks.check_shapes import WrongShape
from tracking.common.program_sources import PROGRAM
from workers.interfaces.images import HALF, Images, scaled
from workers.losses import cross_entropy
from workers.measures import norm
from workers.theory import closed_form_descent

LABELS = torch.zeros(2, 5, dtype=torch.int64)


def test_an_argument_of_another_shape_is_refused() -> None:
    with pytest.raises(WrongShape, match=r"loss: outputs: expected Float.*M B C.*got torch.float32 \(2, 5\)"):
        cross_entropy.loss(torch.zeros(2, 5), LABELS)


def test_an_argument_of_another_type_is_refused() -> None:
    with pytest.raises(WrongShape, match="loss: labels: expected Int64"):
        cross_entropy.loss(torch.zeros(2, 5, 3), LABELS.int())


def test_a_letter_stands_for_one_number_in_a_call_and_for_another_in_the_next() -> None:
    with pytest.raises(WrongShape, match="labels"):
        cross_entropy.loss(torch.zeros(2, 6, 3), LABELS)
    assert cross_entropy.loss(torch.zeros(2, 5, 3), LABELS).shape == (2, 5)
    assert cross_entropy.loss(torch.zeros(1, 4, 3), LABELS[:1, :4]).shape == (1, 4)


def test_methods_and_the_fields_of_dataclasses_are_checked() -> None:
    found = closed_form_descent.descent(np.eye(2), np.ones(2), 0.1)
    with pytest.raises(WrongShape, match=r"Descent.factors: steps"):
        found.factors(np.ones((2, 2)))
    y = np.zeros(3, np.int64)
    with pytest.raises(WrongShape, match="train_y"):
        Images(np.zeros((2, 4, 4, 1), np.uint8), y, np.zeros((3, 4, 4, 1), np.uint8), y, 10, "", "")


def test_what_a_measure_yields_is_checked() -> None:
    class Half:
        def norms(self) -> dict[str, torch.Tensor]:
            return {"conv1": torch.ones(2)}  # float32, where measures are float64

    with pytest.raises(WrongShape, match=r"measure: yielded\[2\]: expected Float64"):
        list(norm.measure(Half()))


def test_results_are_checked() -> None:
    def constant(x: "Float[Tensor, ' M']") -> "Float[Tensor, ' M M']":  # noqa: F821, F722
        return x

    constant.__module__ = cross_entropy.__name__
    with pytest.raises(WrongShape, match="result"):
        check_shapes.checked(constant)(torch.zeros(3))


def test_scaled_pixels_are_within_minus_1_and_1() -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert scaled(pixels, torch.float64, HALF).tolist() == pytest.approx([-1.0, -0.6, 1.0])


@pytest.mark.parametrize(
    "name",
    [
        m.name
        for p in check_shapes.PACKAGES
        for m in walk_packages([str(PROGRAM / p.replace(".", "/"))], f"{p}.")
        if ".kernels." not in m.name
    ],
)
def test_every_annotation_of_an_array_can_be_read(name: str) -> None:
    """A call would find a misspelt dimension, or a name that is not imported, and not every function is called."""
    if name.endswith(".triton"):
        pytest.importorskip("triton")
    module = importlib.import_module(name)
    for value in list(vars(module).values()):
        methods = vars(value).values() if isinstance(value, type) else [value]
        for function in (f for f in methods if inspect.isfunction(f) and f.__module__ == name):
            check_shapes.hints(inspect.unwrap(function))


def test_the_program_itself_imports_no_jaxtyping() -> None:
    modules = (
        "workers.engines.choose, workers.engines.reference, workers.engines.cpu.engine, workers.theory.loss_surface"
    )
    script = f"import sys, {modules}; sys.exit('jaxtyping' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=PROGRAM, check=True)
