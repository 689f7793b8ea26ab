"""Runs work on a device again and again; on a GPU as CUDA graphs, so that a step costs one launch instead of hundreds.

CUDA records the launches of a piece of work once and repeats them with the same addresses: the work must read and write
memory that stays where it is, and must not wait for the device.
"""

from collections.abc import Callable, Hashable
from typing import Any

import torch


class Replay:
    """What is done for the first time is done launch by launch, since it compiles kernels and opens libraries, which
    no graph can record; the second time it is recorded, and from then on repeated."""

    def __init__(self, device: str) -> None:
        self.cuda = torch.device(device).type == "cuda"
        self.graphs: dict[Hashable, Any] = {}
        self.done: set[Hashable] = set()
        self.stream: Any = torch.cuda.Stream(device) if self.cuda else None
        self.pool: Any = torch.cuda.graph_pool_handle() if self.cuda else None

    def run(self, name: Hashable, work: Callable[[], None]) -> None:
        """Does `work`, which is the same for the same name; returns before the device is done."""
        if not self.cuda:
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

    def _recorded(self, work: Callable[[], None]) -> Any:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            work()
        return graph

    def wait(self) -> None:
        """Until the device has done all it was told."""
        if self.cuda:
            torch.cuda.synchronize(self.stream.device)

    def forget(self) -> None:
        """Drops what was recorded, once the device is done with it: something has moved in memory."""
        self.wait()
        self.graphs.clear()
        self.done.clear()
