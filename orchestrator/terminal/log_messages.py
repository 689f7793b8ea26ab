"""Shows the log messages of this program on the terminal; without it they go where the caller's `logging` sends them.

Library code logs and does not print: a launch from a notebook shows nothing unless it is asked to.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

PACKAGES = ("orchestrator", "workers", "tracking")


class TerminalHandler(logging.Handler):
    """Writes each message as a line on stderr, above a live view where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        from orchestrator.terminal.console import say  # rich, which `--help` need not load

        say(self.format(record))


@contextmanager
def shown() -> Iterator[None]:
    """While the body runs, messages from INFO upwards are shown, and are not handed on to the root logger."""
    handler = TerminalHandler(logging.INFO)
    loggers = [logging.getLogger(name) for name in PACKAGES]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
