"""Which networks and optimizers the kernels can train: shapes, the memory they need, and the limits.

H W image height and width, K image channels, C classes.
"""

import ctypes
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers import plugins
from workers.engines.cpu import library
from workers.interfaces.dataset import Sizes
from workers.interfaces.optimizer import OptimizerSettings
from workers.nets import convnet, polynomial

if TYPE_CHECKING:
    from workers.training.settings import Settings

LOSSES = ("cross_entropy", "square", "exponential")  # in the order of losses.hpp
# Which update of updates.hpp a file of workers/optimizers is; gradient descent is one step on all examples.
OPTIMIZERS = {"sgd": 0, "gd": 0, "adam": 1, "adamw": 2}
NARROW = 32  # bytes of channels that fit into one vector of AVX2
MAX_FLOATS = 2**28  # of one layer's weights or one image's activations: indices are 32-bit numbers
MOST_FLOATS = 2**28  # numbers of all images, 1 GiB: bytes become floats once where the kernels cannot scale them
MAX_BYTES = 2 * 2**30  # of one model's batch: batch norm keeps a whole batch's activations


@dataclass(frozen=True)
class Net:
    """The shape of every model: image (H, W, K), channels of each convolution, classes, loss, batch norm; the
    precision of its numbers; of a polynomial activation in place of ReLU, behind batch norm only, the coefficients
    (`coefficients` of workers/nets/polynomial.py)."""

    image: tuple[int, int, int]
    widths: tuple[int, ...]
    classes: int
    loss: str = "cross_entropy"
    batch_norm: bool = False
    precision: str = library.FLOAT32
    polynomial: tuple[float, ...] = ()

    def struct(self) -> library.Shape:
        """The same as the structure that the kernels take."""
        widths = (ctypes.c_int32 * len(self.widths))(*self.widths)
        loss, norm = LOSSES.index(self.loss), int(self.batch_norm)
        terms = (ctypes.c_double * len(self.polynomial))(*self.polynomial)
        return library.Shape(*self.image, len(self.widths), self.classes, loss, norm, len(terms), widths, terms)

    def maps(self) -> list[tuple[int, int]]:
        """Height and width of the image and of every convolution's output."""
        sizes = [self.image[:2]]
        for _ in self.widths:
            sizes.append((math.ceil(sizes[-1][0] / 2), math.ceil(sizes[-1][1] / 2)))
        return sizes

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """All tensors that one model may have, by name; biases, and mean and var without batch norm, may be absent."""
        out: dict[str, tuple[int, ...]] = {}
        for i, (inputs, outputs) in enumerate(itertools.pairwise((self.image[2], *self.widths)), start=1):
            out[f"conv{i}.weight"] = (outputs, inputs, 3, 3)
            out |= {f"conv{i}.{what}": (outputs,) for what in ("bias", "mean", "var")}
        features = self.widths[-1] * math.prod(self.maps()[-1])
        return out | {"output.weight": (self.classes, features), "output.bias": (self.classes,)}

    def variant(self) -> str | None:
        """The fastest of the variants usable here, None where nothing is built.

        With no more channels than AVX2's vectors hold, these beat AVX-512's, half of which would be padding.
        """
        usable = library.usable(self.precision)
        narrow = max(self.widths) * self.number_bytes <= NARROW and "avx2" in usable
        return "avx2" if narrow else next(iter(usable), None)

    @property
    def number_bytes(self) -> int:
        return ctypes.sizeof(library.NUMBERS[self.precision])

    def batch_bytes(self, batch: int) -> int:
        """Memory for the activations and gradients of `batch` images, roughly, of one model in training."""
        lanes = [self.image[2], *(math.ceil(w / 16) * 16 for w in self.widths)]
        floats = sum(math.prod(size) * lane for size, lane in zip(self.maps(), lanes, strict=True))
        return self.number_bytes * batch * floats * (4 if self.batch_norm else 3)


def update(settings: OptimizerSettings, before: int) -> library.Update:
    """An optimizer as the structure that the kernels take. before: steps taken before the call."""
    numbers = plugins.OPTIMIZERS.load(settings.name).numbers(settings)
    found = library.Update(optimizer=OPTIMIZERS[settings.name], before=before)
    for name, value in numbers.items():
        setattr(found, name, int(value) if name == "nesterov" else value)
    return found


def why_not(settings: "Settings", sizes: Sizes) -> str:
    """Why the kernels cannot train trials with these settings; "" where they can. sizes: of the whole data set."""
    net, data = settings.net, settings.data
    if not isinstance(net, convnet.Convolutional) or type(net) not in (convnet.Settings, polynomial.Settings):
        return f"the compiled kernels know convnet and polynomial only, not {net.name}"
    if isinstance(net, polynomial.Settings) and not net.batch_norm:
        return "the compiled kernels know polynomial with batch norm only"
    if settings.precision not in library.NUMBERS:
        return f"the compiled kernels do not compute in {settings.precision}"
    if settings.loss not in LOSSES:
        return f"the compiled kernels do not know the loss {settings.loss}"
    if settings.optimizer.name not in OPTIMIZERS:
        return f"the compiled kernels do not know the optimizer {settings.optimizer.name}"
    if data.augment:
        return "the compiled kernels do not augment images"
    converted = settings.precision == library.FLOAT32 and _numbers(sizes) <= MOST_FLOATS
    if sizes.numbers == "uint8" and data.normalize != "half" and not converted:
        return f"the compiled kernels do not scale bytes {data.normalize}, nor take so many as {settings.precision}"
    if not library.available():
        return library.reason()
    known = supports(network(settings, sizes), settings.optimizer.batch(data.train_size or sizes.train))
    return "" if known else "the network, or its batch, is too large for the compiled kernels"


def _numbers(sizes: Sizes) -> int:
    return (sizes.train + sizes.test) * math.prod(sizes.image)


def network(settings: "Settings", sizes: Sizes) -> Net:
    """The network of these settings. Raises TypeError for another than convnet and polynomial."""
    net = settings.net
    smooth = net if isinstance(net, polynomial.Settings) else None
    terms = polynomial.coefficients(smooth.degree, smooth.interval) if smooth else ()
    known = smooth or convnet.settings_of(net)
    return Net(sizes.image, known.widths, sizes.classes, settings.loss, known.batch_norm, settings.precision, terms)


def supports(net: Net, batch: int) -> bool:
    """Whether the kernels can train `net` in batches of `batch`: known loss, and no number or memory too large."""
    weights = max(math.prod(shape) for shape in net.shapes().values())
    one, kept = net.batch_bytes(1), net.batch_bytes(batch if net.batch_norm else 1)
    fits = max(weights, one // net.number_bytes) <= MAX_FLOATS and kept <= MAX_BYTES
    return net.loss in LOSSES and len(net.widths) >= 1 and fits and net.variant() is not None
