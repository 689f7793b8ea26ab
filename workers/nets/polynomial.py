"""The memo's network with a polynomial in place of ReLU.

CBMM Memo 90, Section 5.2: the Hartman-Grobman theorem assumes smooth activations, and polynomials that approximate ReLU
are claimed to perform as well. Here relu(z) = z/2 + |z|/2 with |z| replaced by the even polynomial of the given degree
that is nearest to it in least squares on [-interval, interval]. Outside it grows as z^degree: a network diverges unless
batch norm and a wide interval keep its inputs inside.

M models, B examples, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.nets import convnet

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from workers.interfaces.net import Tensors

visit_flops = convnet.visit_flops


class Settings(convnet.Convolutional):
    """The memo's convolutional network with a polynomial activation."""

    name: Literal["polynomial"] = "polynomial"
    degree: int = Field(10, ge=2, le=30, multiple_of=2, description="Degree of the polynomial, even.")
    interval: float = Field(10.0, gt=0, description="It is fitted to ReLU on [-interval, interval].")


@functools.cache
def coefficients(degree: int, interval: float) -> tuple[float, ...]:
    """c_0, c_2, ..., c_degree of sum c_k z^k, nearest to |z| in least squares on [-interval, interval].

    |x| on [-1, 1] in Legendre polynomials P_n, whose coefficients (2n + 1)/2 int |x| P_n(x) dx are exact sums here.
    """
    import numpy as np
    from numpy.polynomial import Polynomial, legendre

    found = Polynomial([0.0])
    for n in range(0, degree + 1, 2):
        p = Polynomial(legendre.leg2poly([0.0] * n + [1.0]))
        half = (p * Polynomial([0.0, 1.0])).integ()(1.0)  # of 0..1; the other half is the same
        found += (2 * n + 1) * half * p
    even = found.coef[::2]
    return tuple(float(c * interval ** (1 - 2 * i)) for i, c in enumerate(np.asarray(even)))


def activation(settings: Settings, z: Float[Tensor, "*_"]) -> Float[Tensor, "*_"]:
    """z/2 + p(z)/2, p the polynomial nearest to |z|; by Horner's rule in z squared."""
    *lower, total = coefficients(settings.degree, settings.interval)
    squared, out = z * z, z.new_tensor(total)
    for c in reversed(lower):
        out = out * squared + c
    return (z + out) / 2


def build(settings: Settings, image: tuple[int, int, int], classes: int) -> nn.Module:
    """One model; see `convnet.build`."""
    return convnet.build(settings, image, classes, functools.partial(activation, settings))


def forward(
    settings: Settings, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool
) -> Float[Tensor, "M B C"]:
    """The outputs of all models at once; see `convnet.forward`."""
    return convnet.forward(settings, p, b, x, training, functools.partial(activation, settings))
