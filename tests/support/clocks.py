"""A clock that goes on only when somebody sleeps by it."""


class Clock:
    """Seconds; calling it reads it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
