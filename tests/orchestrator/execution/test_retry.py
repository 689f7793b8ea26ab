"""What follows a failure, by its kind: nothing that works is given up, and nothing that fails runs for ever."""

import errno
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.execution.hang_detection import HangDetector
from orchestrator.execution.retry import BUDGET, Decision, Done, Retries
from tests.support.launching.launches import Place, sweep
from tests.support.launching.supervisors import supervisor
from tests.support.networks import small_trials
from tracking.common.errors import InUse, StorageFailed
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.bundle import Bundle, Report, together
from workers.runtime import failure
from workers.runtime.failure import Failure, Kind
from workers.trial import Trial

TRIALS = [small_trials.trial(seed) for seed in range(16)]


def step(retries: Retries, bundles: list[Bundle], kinds: dict[str, Kind], commits: int = 0) -> Decision:
    failed = {b.id: Failure(kinds[b.id], "why") for b in bundles if b.id in kinds}
    return retries.decide(failed, bundles, {b.id: Done(commits) for b in bundles})


@given(st.sets(st.sampled_from(TRIALS), max_size=4), st.sampled_from(["error", "memory", "died"]))
def test_whichever_trials_are_broken_exactly_they_are_given_up(broken: set[Trial], kind: Kind) -> None:
    retries, bundles = Retries(), [together(TRIALS)]
    finished: list[str] = []
    given_up: list[str] = []
    for _ in range(20):
        kinds = {b.id: kind for b in bundles if broken & set(b.trials)}
        finished += [t.id for b in bundles if b.id not in kinds for t in b.trials]
        following = step(retries, bundles, kinds)
        given_up += [t.id for b, _ in following.given_up for t in b.trials]
        bundles = following.bundles
    assert not bundles and sorted(given_up) == sorted(t.id for t in broken)
    assert Counter(finished) == Counter(t.id for t in TRIALS if t not in broken)


def test_a_worker_that_dies_is_tried_again_whole_as_long_as_it_gets_on() -> None:
    retries, bundle = Retries(), together(TRIALS)
    for commits in range(1, 30):
        (again,) = step(retries, [bundle], {bundle.id: "died"}, commits).bundles
        assert again.trials == bundle.trials and again.commit_s < 1
    assert len(step(retries, [bundle], {bundle.id: "died"}, 29).bundles) == 2


def test_a_machine_that_goes_away_costs_no_trial_its_bundle_until_the_budget_is_spent() -> None:
    retries, bundle = Retries(), together(TRIALS)
    pauses = []
    for _ in range(BUDGET):
        following = step(retries, [bundle], {bundle.id: "lost"})
        assert [b.id for b in following.bundles] == [bundle.id]
        pauses.append(following.pause_s)
    assert pauses == [1, 4, 16, 16, 16]
    assert len(step(retries, [bundle], {bundle.id: "lost"}).bundles) == 2


def test_what_has_ended_is_not_done_again_when_a_bundle_is_split() -> None:
    bundle, ended = together(TRIALS), {t.id for t in TRIALS[:9]}
    failed = {bundle.id: Failure("error", "why")}
    following = Retries().decide(failed, [bundle], {bundle.id: Done(3, frozenset(ended))})
    assert sorted(t.id for b in following.bundles for t in b.trials) == sorted(t.id for t in TRIALS[9:])


def test_a_typo_stops_the_launch_and_a_broken_trial_does_not() -> None:
    bundles = [together([t]) for t in TRIALS]
    typo = supervisor()
    for bundle in bundles[:3]:
        assert not typo.should_stop
        typo.bundle_failed(bundle, Failure("error", "Traceback\nNameError: name 'lerning_rate' is not defined"))
    assert typo.should_stop and "NameError: name 'lerning_rate'" in typo.too_many_failures

    single = supervisor()
    single.bundle_reported(Report(bundles[0].id, 1, {}, 1, None))
    for bundle in bundles[1:11]:
        single.bundle_failed(bundle, Failure("error", "why"))
    assert not single.should_stop
    single.bundle_failed(bundles[11], Failure("error", "why"))
    assert single.should_stop, "more than ten and than 5% of the trials failed"


@pytest.mark.parametrize("kind", ["storage", "lease"])
def test_a_store_that_is_gone_stops_the_launch_at_once(kind: Kind) -> None:
    watching = supervisor()
    watching.bundle_failed(together(TRIALS), Failure(kind, "why"))
    assert watching.should_stop and watching.fatal == Failure(kind, "why")


def test_a_bundle_hangs_when_it_does_not_report_for_much_longer_than_usual() -> None:
    now = [0.0]
    bundle, watching = together(TRIALS[:2]), supervisor(hangs=HangDetector(lambda: now[0]))
    watching.bundle_started(bundle)
    for _ in range(5):
        now[0] += 30.0
        watching.bundle_reported(Report(bundle.id, 1, {}, 1, None))
    now[0] += 299.0
    assert watching.hanging_bundles() == []
    now[0] += 2.0
    assert watching.hanging_bundles() == [bundle.id] and watching.hanging_bundles() == []
    watching.bundle_started(bundle)  # again, with more patience: it may just be slow
    now[0] += 479.0
    assert watching.hanging_bundles() == []
    now[0] += 2.0
    assert watching.hanging_bundles() == [bundle.id]


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("no"), "error"),
        (FileNotFoundError(errno.ENOENT, "no data"), "error"),
        (MemoryError(), "memory"),
        (OutOfMemoryError("CUDA out of memory"), "memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"), "memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "storage"),
        (OSError(errno.EROFS, "Read-only file system"), "storage"),
        (StorageFailed(errno.EACCES, "Permission denied", "runs"), "storage"),
        (RuntimeError("[enforce fail at inline_container.cc:659] . unexpected pos 64 vs 0"), "storage"),
        (InUse("taken over"), "lease"),
    ],
    ids=lambda e: type(e).__name__ if isinstance(e, Exception) else e,
)
def test_every_error_has_its_kind(error: Exception, kind: Kind) -> None:
    assert failure.of(error).kind == kind and failure.of(error).line


def test_when_nothing_works_the_launch_stops_with_the_error_and_marks_nothing_as_failed(place: Place) -> None:
    """Every trial raises in its first step: a mistake that no check knows."""
    broken = sweep("misbehaving", {"does": "raise", "at": 0}, {"seed": {"count": 40}})
    said = place.write(broken).launch(waits={}).ends(1).err
    assert "the first 3 bundles failed before they had done anything" in said and "launch again" in said
    assert not Ledger.read(Store(str(place.store))).trials
