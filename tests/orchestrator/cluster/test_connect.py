"""What Ray raises while it starts, and what is said of it."""

import pytest

from orchestrator.cluster.connect import starting
from tracking.common.errors import Interrupted


def test_a_ray_that_takes_too_long_to_start_is_an_interruption() -> None:
    """Its node raises an exception of no class of its own then."""
    with pytest.raises(Interrupted, match="The current node timed out"), starting():
        raise Exception("The current node timed out during startup.")  # as Ray does


@pytest.mark.parametrize("error", [ConnectionError("no answer"), ValueError("a mistake"), Interrupted("asked to stop")])
def test_other_exceptions_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, starting():
        raise error
    assert caught.value is error
