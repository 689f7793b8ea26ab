"""Repeats work on a device; on a GPU by CUDA graphs, so that a step costs one launch instead of hundreds.

CUDA records the launches of a piece of work once and repeats them with the same addresses: the work must read and write
memory at fixed addresses and must not synchronise with the device.
"""

from collections.abc import Callable, Hashable
from functools import partial

import torch

from workers.runtime import lease_watch

STEPS = 10  # in one graph, so that the processor's few microseconds for a launch are small against the device's work


class Replay:
    """Runs work by name: directly the first time, since compiling kernels and opening libraries cannot be recorded;
    recorded the second time; replayed from then on."""

    def __init__(self, device: str) -> None:
        self.graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self.done: set[Hashable] = set()
        cuda = torch.device(device).type == "cuda"
        self.stream = torch.cuda.Stream(device) if cuda else None
        self.pool = torch.cuda.graph_pool_handle() if cuda else None

    def run(self, name: Hashable, work: Callable[[], None]) -> None:
        """Queues `work`, which must be the same for the same name; returns before the device has finished."""
        if self.stream is None:
            work()
            return
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            if name in self.done and name not in self.graphs:
                self.graphs[name] = self._recorded(work)
            if name in self.graphs:
                self.graphs[name].replay()
            else:
                work()
                self.done.add(name)
        torch.cuda.current_stream().wait_stream(self.stream)

    def in_pieces(self, name: Hashable, examples: int, size: int, work: Callable[[int, int], None]) -> None:
        """Queues `work(size, count)`, which is to treat the next `count` pieces of `size` examples, until all are
        treated: STEPS pieces in one graph, the rest one by one, the last of them possibly smaller. Raises InUse between
        two of them once another launch has taken the work over; the device's queue is bounded, so that this is soon."""
        whole, rest = divmod(examples, size)
        many, single = divmod(whole, STEPS)
        for piece, count, repeats in ((size, STEPS, many), (size, 1, single), (rest, 1, int(rest > 0))):
            for _ in range(repeats):
                lease_watch.look()
                self.run((name, piece, count), partial(work, piece, count))

    def _recorded(self, work: Callable[[], None]) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            work()
        return graph

    def wait(self) -> None:
        """Waits until the device has finished all queued work."""
        if self.stream is not None:
            torch.cuda.synchronize(self.stream.device)

    def forget(self) -> None:
        """Drops all recorded graphs once the device has finished: needed when tensors are allocated anew."""
        self.wait()
        self.graphs.clear()
        self.done.clear()
