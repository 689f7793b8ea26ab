"""What the compiled kernels take, what they refuse, and that they are built where there is a compiler."""

import shutil

import numpy as np
import pytest

from tests.support.networks.kernel_cases import (
    CASES,
    EXAMPLES,
    Work,
    built,
    initial,
)
from workers.engines.cpu import library
from workers.engines.cpu.bindings import Fused
from workers.engines.cpu.supported import Net, supports


def test_kernels_are_there_if_a_compiler_is() -> None:
    compiler = next(filter(shutil.which, ("c++", "g++", "clang++")), None)
    if compiler is None:
        pytest.skip("no C++ compiler here")
    assert library.available() is not None, f"{compiler} is here, but: {library.reason()}"
    assert library.usable("float64") == library.usable("float32")


@built
def test_what_is_refused() -> None:
    net, bias = CASES["digits"]
    fused, work = Fused(net, initial(net, bias, 1)), Work(net, 1)
    with pytest.raises(ValueError, match="labels must be in"):
        fused.totals(work.images, None, np.full(70, 10))
    with pytest.raises(ValueError, match="index must be in"):
        fused.outputs(work.images, np.full((1, 3), 70))
    with pytest.raises(ValueError, match="images must be"):
        fused.outputs(work.images[:, :7])
    with pytest.raises(ValueError, match="weight must be"):
        Fused(CASES["digits, batch norm, biases all the same"][0], initial(net, bias, 1))
    with pytest.raises(ValueError, match="no kernels for sse9"):
        Fused(net, initial(net, bias, 1), "sse9")
    norm = Net((8, 8, 1), (4, 4, 4), 10, batch_norm=True)
    with pytest.raises(ValueError, match="batch norm needs two values"):
        Work(norm, 1).train(Fused(norm, initial(norm, "none", 1)), [0], batch=EXAMPLES - 1)


@built
def test_supports_says_what_fits() -> None:
    memo = Net((32, 32, 3), (16,) * 5, 10)
    normed = Net((32, 32, 3), (16,) * 5, 10, batch_norm=True)
    assert supports(memo, 50_000) and supports(normed, 100)
    assert not supports(normed, 50_000)  # all activations of a batch at once: 9 GB
    assert not supports(Net((32, 32, 3), (16,), 10, "hinge"), 100)
    assert not supports(Net((2000, 2000, 3), (512, 512), 10), 100)
