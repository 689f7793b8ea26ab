"""Shows a launch while it goes on: what a launch tells whoever looks at it. Messages go through `logging`."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from orchestrator.execution.progress import Progress
from workers.bundle import Report


class Observer(Protocol):
    """Implemented by `orchestrator.commands.rendering.live_view.LiveView` for terminals and by `Silent`."""

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """Something takes seconds, and `what` names it; it is over when the context is left."""
        ...

    def running(self, progress: Progress, mirror_lag: Callable[[], str]) -> AbstractContextManager[None]:
        """Bundles run until the context is left. `mirror_lag` says how far MLflow is behind, "" where it is not."""
        ...

    def reported(self, report: Report) -> None:
        """A bundle has reported, and `progress` has taken it in."""
        ...


class Silent:
    """Shows nothing."""

    def waiting(self, what: str) -> AbstractContextManager[None]:
        return nullcontext()

    def running(self, progress: Progress, mirror_lag: Callable[[], str]) -> AbstractContextManager[None]:
        return nullcontext()

    def reported(self, report: Report) -> None:
        pass
