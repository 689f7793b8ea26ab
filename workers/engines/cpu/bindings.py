"""M models of one shape, each trained and evaluated by the compiled kernels, independent of the others.

M models, N examples of a model, E examples to evaluate, L examples of an epoch, H W height and width of an image,
K channels, C classes, S steps of an epoch.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tracking.common.text import count_of
from workers.engines.cpu import library
from workers.engines.cpu.supported import Net
from workers.interfaces.images import Pixels

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int64

Names = dict[str, Tensor]
Integers = NDArray[np.int64]


class Fused:
    """Parameters, running statistics and what the optimizer keeps, of M models, as tensors (M, ...) that the kernels
    change in place.

    Names and shapes are those of workers/nets/convnet.py; a bias that is not among the parameters does not exist.
    keeps: `STATE` of the optimizer.
    """

    def __init__(
        self,
        net: Net,
        state: dict[str, Names],
        variant: str | None = None,
        threads: int = 1,
        keeps: tuple[str, ...] = ("momentum",),
    ) -> None:
        name = variant or net.variant()
        usable = library.usable(net.precision)
        if name not in usable:
            raise ValueError(f"no kernels for {name} in {net.precision}: usable here are {usable}; {library.reason()}")
        self.net, self.variant, self.threads, self.keeps = net, name, threads, keeps
        self._kernels, self._shape = library.load(name, net.precision), net.struct()
        self.dtype = torch.float32 if net.precision == library.FLOAT32 else torch.float64
        self.load(state)

    def load(self, state: dict[str, Names]) -> None:
        """Takes over copies of "parameters", "buffers" (running mean and variance) and what the optimizer keeps (zero
        if absent)."""
        self.parameters = _copies(state["parameters"], self.dtype)
        self.buffers = _copies(state.get("buffers", {}), self.dtype)
        zeros = {name: torch.zeros_like(t) for name, t in self.parameters.items()}
        self.kept = {part: _copies(state.get(part, zeros), self.dtype) for part in self.keeps}
        self.models = len(self.parameters["output.weight"])
        self._check()
        every = range(self.models)
        self._parameters = [self._tensors(self.parameters, m) for m in every]
        self._kept = [_joined([self._tensors(part, m) for part in self.kept.values()]) for m in every]

    def state(self) -> dict[str, Names]:
        """Copies of the whole training state, bit for bit."""
        parts = {"parameters": self.parameters, **self.kept, "buffers": self.buffers}
        return {part: _copies(tensors, self.dtype) for part, tensors in parts.items()}

    def epoch(
        self,
        images: Pixels,
        index: Int64[Integers, "M N"],
        labels: Int64[Integers, "M N"],
        order: Int64[Integers, "M L"],
        batch: int,
        rates: Float64[NDArray[np.float64], "M S"],
        updates: Sequence[library.Update],
        active: Sequence[bool] | NDArray[np.bool_],
    ) -> None:
        """One pass: for each active model, steps on order[m, 0:batch], order[m, batch:2 batch], ...; the last may be
        short. `order` are positions in the model's examples: image index[m, i] with labels[m, i]. rates: of every step.
        """
        images, index, labels, order = _contiguous(images), _int64(index), _int64(labels), _int64(order)
        self._check_examples(images, index, labels)
        _check_range("order", order, index.shape[1])
        steps, each = order.shape[1], np.ascontiguousarray(rates, np.float64)
        if each.shape != (self.models, -(-steps // batch)):
            raise ValueError(
                f"rates must be of every model and step ({self.models}, {-(-steps // batch)}), got {each.shape}"
            )
        if self.net.batch_norm and self.net.maps()[-1] == (1, 1) and 1 in (steps % batch, batch):
            raise ValueError(
                f"batch norm needs two values a channel, got a batch of one among {count_of(steps, 'example')}"
            )

        def train(m: int) -> int:
            examples = _examples(images, index[m], labels[m])
            status: int = self._kernels.train(
                self._shape, self._parameters[m], self._kept[m], examples,
                order[m].ctypes.data, steps, batch, each[m].ctypes.data, updates[m],
            )  # fmt: skip
            return status

        self._each(train, [m for m in range(self.models) if active[m]])

    def totals(
        self, images: Pixels, index: Int64[Integers, "M E"] | None, labels: Int64[Integers, "... E"]
    ) -> tuple[Int64[Integers, " M"], Float64[NDArray[np.float64], " M"]]:
        """Errors and summed loss over images index[m] (all in turn if None), in evaluation mode, exactly.

        labels: of each model, or of all where they share them.
        """
        errors, losses = np.zeros(self.models, np.int64), np.zeros(self.models)
        self._evaluate(images, index, labels, errors, losses, None)
        return errors, losses

    def outputs(self, images: Pixels, index: Int64[Integers, "... E"] | None = None) -> Float[Tensor, "M E C"]:
        """Outputs for images index[m] (all in turn if None), in evaluation mode."""
        count = len(images) if index is None else index.shape[-1]
        outputs = torch.empty(self.models, count, self.net.classes, dtype=self.dtype)
        self._evaluate(images, index, None, np.zeros(self.models, np.int64), np.zeros(self.models), outputs)
        return outputs

    def _evaluate(
        self,
        images: Pixels,
        index: Int64[Integers, "... E"] | None,
        labels: Int64[Integers, "... E"] | None,
        errors: Int64[Integers, " M"],
        losses: Float64[NDArray[np.float64], " M"],
        outputs: Float[Tensor, "M E C"] | None,
    ) -> None:
        images = _contiguous(images)
        count = len(images) if index is None else index.shape[-1]
        shape = (self.models, count)
        chosen = None if index is None else _int64(np.broadcast_to(index, shape))
        given = None if labels is None else _int64(np.broadcast_to(labels, shape))
        self._check_examples(images, chosen, given)

        def evaluate(m: int) -> int:
            examples = _examples(images, None if chosen is None else chosen[m], None if given is None else given[m])
            out = None if outputs is None else outputs[m].data_ptr()
            places = errors[m:].ctypes.data, losses[m:].ctypes.data
            status: int = self._kernels.evaluate(self._shape, self._parameters[m], examples, count, *places, out)
            return status

        self._each(evaluate, range(self.models))

    def _each(self, work: Callable[[int], int], models: Sequence[int]) -> None:
        """One call per model, so that a signal waits for one model at most; the kernels run without Python's lock."""
        if self.threads == 1 or len(models) < 2:
            results = [work(m) for m in models]
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                results = list(pool.map(work, models))
        if any(results):
            raise MemoryError(f"no memory to train {self.net} in one piece; a smaller batch needs less")

    def _tensors(self, values: Names, m: int) -> ctypes.Array[ctypes.c_void_p]:
        """Addresses (weight, bias, mean, var) of every layer of model m; 0 for what does not exist."""
        layers = [*(f"conv{i + 1}" for i in range(len(self.net.widths))), "output"]
        wanted = [(values, "weight"), (values, "bias"), (self.buffers, "mean"), (self.buffers, "var")]
        found = [part.get(f"{layer}.{what}") for layer in layers for part, what in wanted]
        return (library.ADDRESS * len(found))(*(0 if t is None else t[m].data_ptr() for t in found))

    def _check(self) -> None:
        expected = self.net.shapes()
        every = [self.parameters, *self.kept.values(), self.buffers]
        for name, value in itertools.chain(*(tensors.items() for tensors in every)):
            if tuple(value.shape[1:]) != expected.get(name) or len(value) != self.models:
                raise ValueError(f"{name} must be ({self.models}, *{expected.get(name)}), got {tuple(value.shape)}")

    def _check_examples(self, images: Pixels, index: Integers | None, labels: Integers | None) -> None:
        if images.shape[1:] != self.net.image:
            raise ValueError(f"images must be (N, {self.net.image}), got {images.shape}")
        if index is not None:
            _check_range("index", index, len(images))
        if labels is not None:
            _check_range("labels", labels, self.net.classes)


def _joined(parts: Sequence[ctypes.Array[ctypes.c_void_p]]) -> ctypes.Array[ctypes.c_void_p]:
    every = [address for part in parts for address in part]
    return (library.ADDRESS * len(every))(*every)


def _examples(images: Pixels, index: Integers | None, labels: Integers | None) -> library.Examples:
    is_bytes, pixels = images.dtype == np.uint8, images.ctypes.data
    given = (None if array is None else array.ctypes.data for array in (index, labels))
    return library.Examples(pixels if is_bytes else None, None if is_bytes else pixels, *given)


def _copies(tensors: Names, dtype: torch.dtype) -> Names:
    return {name: t.detach().to("cpu", dtype, copy=True).contiguous() for name, t in tensors.items()}


def _int64(array: Integers) -> Integers:
    return np.ascontiguousarray(array, dtype=np.int64)


def _contiguous(images: Pixels) -> Pixels:
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images, dtype=np.uint8)
    return np.ascontiguousarray(images, dtype=np.float32)


def _check_range(what: str, values: Integers, end: int) -> None:
    if values.size and not 0 <= values.min() <= values.max() < end:
        raise ValueError(f"{what} must be in 0..{end - 1}, got {values.min()}..{values.max()}")
