"""What it takes to reduce the rows of a large sweep to its curves, in one process and by tasks of a cluster.

    sudo python -m benchmarks.aggregation [--trials 35200] [--epochs 70] [--cores 1 2 4] [--out aggregation.json]

The records are those of `benchmarks/scale.py`: synthetic numbers, real files. The cluster is that of `make
test-cluster`: hosts on this one machine, a worker of one core each, and a launcher that is a node without cores, whose
link to the others is its only one. The hosts share the disk of this machine, so that no row passes over a link to be
read. Without a cluster the launcher reads the rows itself; with an object store they all pass over its link.
"""

import argparse
import hashlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from benchmarks.results_file import keep
from benchmarks.scale import recorded, size, spec
from orchestrator.results.build import build
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.services import cluster_services as services
from tests.support.services.cluster_hosts import Host, Network
from tracking.analysis.frame import Each, Frame
from tracking.analysis.row_cache import in_this_process
from tracking.records.ledger import Ledger
from tracking.records.store import Store

T = TypeVar("T")


class Reduced(NamedTuple):
    """What one batch was reduced to, and seconds of a processor that it took."""

    value: Any
    processor_s: float


def timed(reduction: Callable[[Frame], Any], batch: Frame) -> Reduced:
    """A reduction that also says what it took."""
    start = time.process_time()
    return Reduced(reduction(batch), time.process_time() - start)


class Measuring:
    """Reduces batches as another does, and counts them and the processor's seconds that they took."""

    def __init__(self, each: Each) -> None:
        self.inner, self.batches, self.processor_s = each, 0, 0.0

    def __call__(self, reduction: Callable[[Frame], T], batches: Iterable[Frame]) -> Iterator[T]:
        for found in self.inner(partial(timed, reduction), batches):
            self.batches, self.processor_s = self.batches + 1, self.processor_s + found.processor_s
            yield found.value


def curves(file: str, root: str, address: str | None) -> dict[str, Any]:
    """All curves of a sweep, by tasks of the cluster at an address or in this process: what they take once the store is
    read, and a digest of their points."""
    sweep, store = read(file), Store(root)
    trials, ledger = expand(sweep), Ledger.read(store)
    with ExitStack() as stack:
        reducer = in_this_process
        if address:
            from orchestrator.cluster.reduce_tasks import reducing

            reducer = stack.enter_context(reducing(address, store))
        each = Measuring(reducer(ledger))
        before, link = (time.monotonic(), time.process_time()), bytes_passed()
        table = build(sweep, trials, ledger, lambda of: each).table
        wall, processor = time.monotonic() - before[0], time.process_time() - before[1]
        passed = {name: now - link[name] for name, now in bytes_passed().items()}
    digest = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()[:16]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"s": wall, "batches": each.batches, "reductions_processor_s": each.processor_s,
            "launcher_processor_s": processor, "launcher_peak_mib": peak, **passed, "points": digest}  # fmt: skip


def bytes_passed() -> dict[str, int]:
    """Bytes that this host has received and sent over its links to others."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    counts = [line.split(":")[1].split() for line in lines if not line.strip().startswith("lo:")]
    return {"received_bytes": sum(int(c[0]) for c in counts), "sent_bytes": sum(int(c[8]) for c in counts)}


def measured(host: Host, file: Path, root: Path, address: str = "") -> dict[str, Any]:
    """`curves` in a process of its own on a host."""
    said = host.run(
        sys.executable, "-m", "benchmarks.aggregation", "--one", str(file), str(root), address, timeout=3600
    )
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    print(json.dumps(found), file=sys.stderr)
    return found


def compared(file: Path, root: Path, cores: list[int]) -> dict[str, Any]:
    """Without a cluster and with workers of so many cores in all. Raises RuntimeError where the points differ."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Network(Path(folder)) as network:
        head, launcher = network.host("head", 1), network.host("launcher", 2)
        ray = services.ray_head(head)
        services.ray_worker(launcher, ray, cpus=0)
        launcher.environment |= ray
        found["in one process"] = measured(launcher, file, root)
        for number in range(1, max(cores) + 1):
            services.ray_worker(network.host(f"w{number}", 2 + number), ray)
            if number in cores:
                found[f"{number} tasks"] = measured(launcher, file, root, ray["RAY_ADDRESS"])
    if len({one["points"] for one in found.values()}) > 1:
        raise RuntimeError(f"the points differ: {found}")
    return found


def measure(folder: Path, trials: int, epochs: int, cores: list[int]) -> dict[str, Any]:
    """Makes the records, or takes those that are in the folder already."""
    file, root = spec(folder, "whole", trials, epochs), folder / "runs"
    if not root.exists():
        recorded(root, file, epochs)
    rows = sum(segment_rows(root))
    about = {"trials": trials, "epochs": epochs, "rows": rows, "records": size(root / "records")}
    return {**about, **compared(file, root, cores)}


def segment_rows(root: Path) -> Iterator[int]:
    """The rows of every segment."""
    import pyarrow.parquet as pq

    for path in (root / "records").rglob("*.parquet"):
        yield pq.read_metadata(path).num_rows


def main() -> None:
    """Parses, measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=35_200)
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--folder", type=Path, help="where the records are made, and stay")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(curves(given.one[0], given.one[1], given.one[2] or None)))
        return
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = measure(folder, given.trials, given.epochs, given.cores)
    print(keep(found, given.out))


if __name__ == "__main__":
    main()
