"""PyTorch's own profile of what runs inside, as a file for chrome://tracing or Perfetto."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def profile(path: str) -> Iterator[None]:
    """Writes the trace to `path` at the end, also when what runs inside fails."""
    import torch

    found = torch.profiler.profile()
    try:
        with found:
            yield
    finally:
        found.export_chrome_trace(path)
