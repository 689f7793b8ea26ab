"""Records a PyTorch profile as a file for chrome://tracing or Perfetto."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def profile(path: str) -> Iterator[None]:
    """Profiles the block and writes the trace to `path`, also after an exception."""
    import torch

    found = torch.profiler.profile()
    try:
        with found:
            yield
    finally:
        found.export_chrome_trace(path)
