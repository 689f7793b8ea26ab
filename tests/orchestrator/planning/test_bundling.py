"""Packing: bundles partition the trials, hold only trials that can be trained together, and go on as they were."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.planning.bundling import MAX_MODELS, cost, halves, pack_missing
from orchestrator.planning.plan import Plan, compare
from orchestrator.planning.resources import Resources
from tests.support.networks import small_trials
from tracking.records.ledger import Ledger
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers import run_bundle
from workers.bundle import together
from workers.trial import Trial

POOL = [small_trials.trial(seed, net={"name": "convnet", "width": w}) for w in (2, 8, 32) for seed in range(30)]


def cores(number: int) -> Resources:
    return Resources(number, None, "cpu")


def nothing_recorded(trials: Sequence[Trial]) -> Plan:
    return Plan(tuple(trials), {}, tuple(trials), (), ())


@given(st.lists(st.sampled_from(POOL), unique_by=lambda t: t.id), st.integers(1, 64))
def test_bundles_hold_every_trial_once_and_only_equal_shapes(trials: list[Trial], lanes: int) -> None:
    bundles = pack_missing(nothing_recorded(trials), cores(lanes))
    assert sorted(t.id for b in bundles for t in b.trials) == sorted(t.id for t in trials)
    assert all(len({t.shape for t in b.trials}) == 1 and len(b.trials) <= MAX_MODELS for b in bundles)
    total = [sum(map(cost, b.trials)) for b in bundles]
    assert total == sorted(total, reverse=True)


@given(st.permutations(POOL[:40]))
def test_the_order_of_the_trials_does_not_matter(trials: list[Trial]) -> None:
    assert pack_missing(nothing_recorded(trials), cores(2)) == pack_missing(nothing_recorded(POOL[:40]), cores(2))


def test_a_gpu_trains_all_seeds_of_a_network_at_once(tmp_path: Path) -> None:
    """They share the device there; only what would leave another GPU idle is cut."""
    plan = compare(POOL, Ledger.read(Store(str(tmp_path))))
    one, two = (pack_missing(plan, Resources(gpus, 80 * 2**30, "a GPU")) for gpus in (1, 2))
    assert [len(b.trials) for b in one] == [30, 30, 30]
    assert [len(b.trials) for b in two] == [15, 15, 30, 30]
    assert {t.settings.net.width for b in two[:2] for t in b.trials} == {32}


def test_halves_partition() -> None:
    bundle = together(POOL[:7])
    assert sorted(t.id for h in halves(bundle) for t in h.trials) == [t.id for t in bundle.trials]


def test_an_interrupted_bundle_goes_on_as_it_was(tmp_path: Path) -> None:
    store, bundle = Store(str(tmp_path)), together([small_trials.trial(s) for s in range(5)])
    running = run_bundle.work(store, bundle, "cpu")
    next(running)
    running.close()
    bundles = pack_missing(compare([small_trials.trial(s) for s in range(8)], Ledger.read(store)), cores(64))
    assert bundle in bundles and len(bundles) > 1
    assert sorted(t.id for b in bundles for t in b.trials) == sorted(small_trials.trial(s).id for s in range(8))


def test_the_longest_bundle_is_run_first_also_where_it_is_continued(tmp_path: Path) -> None:
    """What was begun before an interruption is often the longest: begun last, it would end the launch alone."""
    store = Store(str(tmp_path))
    wide, narrow = ([t for t in POOL if t.settings.net.width == width][:4] for width in (32, 2))
    running = run_bundle.work(store, together(wide[:2]), "cpu")
    next(running)
    running.close()
    bundles = pack_missing(compare([*narrow, *wide], Ledger.read(store)), cores(2))
    left = [sum(map(cost, b.trials)) for b in bundles]
    assert together(wide[:2]) in bundles and left == sorted(left, reverse=True) and len(bundles) > 2


def test_what_is_done_is_not_planned_again_and_states_add_up(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    list(run_bundle.work(store, together([small_trials.trial(0), small_trials.trial(1)]), "cpu"))
    run_bundle.give_up(store, together([small_trials.trial(2)]), "cpu", "RuntimeError: it broke")
    trials = [small_trials.trial(s) for s in range(4)]
    first = compare(trials, Ledger.read(store))
    assert first.states == {"finished": 2, "failed": 1, "missing": 1}
    assert [t.id for t in first.to_run] == [small_trials.trial(3).id]
    again = compare(trials, Ledger.read(store), retry_failed=True)
    assert sorted(t.id for t in again.to_run) == sorted([small_trials.trial(2).id, small_trials.trial(3).id])


def test_a_bundle_some_of_whose_trials_have_ended_goes_on_with_them(tmp_path: Path) -> None:
    """A model's last bits depend on its bundle: without the ended ones the others would come out differently."""
    store, bundle = Store(str(tmp_path)), together([small_trials.trial(s) for s in range(3)])
    writer = Writer.begin(store, bundle.id, "network", small_trials.entries(bundle.trials), Provenance())
    writer.add([], {bundle.trials[0].id: Outcome("diverged", 1, "a weight is not finite")})
    writer.commit(1, b"state")
    left = compare([small_trials.trial(s) for s in range(3)], Ledger.read(store))
    assert len(left.to_run) == 2 and [b.trials for b in pack_missing(left, cores(1))] == [bundle.trials]
    fewer = compare(bundle.trials[:2], Ledger.read(store))  # one of the others is not asked for any more
    assert [b.trials for b in pack_missing(fewer, cores(1))] == [bundle.trials[1:2]]
