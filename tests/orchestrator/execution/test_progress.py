"""The share of the work that is done, and the time left, of launches that go on with earlier ones."""

import pytest

from orchestrator.execution.progress import Progress
from tests.support.networks.two_bundles import BUNDLES, FIRST, SECOND
from workers.bundle import Report


def test_the_time_left_is_estimated_by_what_this_launch_did() -> None:
    """Two bundles of the same cost and ten epochs, eight of which are an earlier launch's: an epoch of both took 100
    seconds, and one is left."""
    progress = Progress(BUNDLES)
    for bundle in (FIRST, SECOND):
        progress.add(Report(bundle.id, -1, {}, 0))
        progress.add(Report(bundle.id, 9, {}, 60, resumed=8))
    progress.start_s -= 100
    assert progress.fraction == pytest.approx(0.9)
    assert progress.left_s == pytest.approx(100, rel=0.01)


def test_a_launch_from_the_start_has_no_earlier_work() -> None:
    progress = Progress(BUNDLES)
    for bundle in (FIRST, SECOND):
        progress.add(Report(bundle.id, 2, {}, 60))
    progress.start_s -= 100
    assert progress.left_s == pytest.approx(400, rel=0.01)
