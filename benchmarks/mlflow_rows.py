"""Time to write new trials into the embedded MLflow: through its tables, and by its client alone, in alternation.

    python -m benchmarks.mlflow_rows [--trials 600] [--epochs 70] [--rounds 3] [--client 100] [--folder /tmp]

The records are those of `scale.py`: made-up numbers, real bundles, four series of as many points as epochs a trial.
Each round makes a new database for each way. The client gets the first `--client` trials only. Printed: milliseconds of
processor time a trial, the median of the rounds, and the ratio; also of a sync that finds all of it there.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.scale import recorded, spec
from orchestrator.spec.expand import expand, varied
from orchestrator.spec.load import read
from tracking.mirror import sync as mirror
from tracking.mirror.content.payload import SweepInfo
from tracking.mirror.tracking_uri import of_database
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.store import Store


def milliseconds(info: SweepInfo, trials: list[TrialRecord], ledger: Ledger, database: Path, directly: bool) -> float:
    """Of processor time a trial, of one sync into this database. Raises RuntimeError where a trial is left behind."""
    begin = time.process_time()
    report = mirror.sync(info, trials, ledger, of_database(database), directly=directly)
    if report.behind:
        raise RuntimeError(f"{report.behind} were not written: {report.problems}")
    return (time.process_time() - begin) * 1e3 / len(trials)


def measure(folder: Path, trials: int, epochs: int, rounds: int, client: int) -> dict[str, float]:
    """The median of each way, with the lowest and highest ratio of a round."""
    file, store = spec(folder, "rows", trials, epochs), Store(str(folder / "runs"))
    recorded(Path(folder, "runs"), file, epochs)
    sweep = read(str(file))
    info = SweepInfo(sweep.name, sweep.title, str(file), sweep.digest, tuple(varied(sweep)))
    ledger = Ledger.read(store)
    every = list(ledger.of([t.id for t in expand(sweep)]).values())
    found: dict[str, list[float]] = {"tables": [], "client": [], "nothing new": []}
    for number in range(rounds):
        for way, some in (("tables", every), ("client", every[:client])):
            database = folder / f"{way}{number}.db"
            mirror.prepare(of_database(database))
            found[way].append(milliseconds(info, some, ledger, database, way == "tables"))
            if way == "tables":
                found["nothing new"].append(milliseconds(info, some, ledger, database, True))
    ratios = [slow / fast for slow, fast in zip(found["client"], found["tables"], strict=True)]
    out = {f"{way}, ms a trial": round(median(times), 3) for way, times in found.items()}
    size = (folder / "tables0.db").stat().st_size / len(every) / 1024
    return {**out, "ratio": median(ratios), "lowest": min(ratios), "highest": max(ratios), "KiB a trial": size}


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client", type=int, default=100)
    parser.add_argument("--folder", default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(Path(folder), given.trials, given.epochs, given.rounds, given.client)
    print(json.dumps({**found, "trials": given.trials, "epochs": given.epochs, "cores": os.cpu_count()}, indent=1))


if __name__ == "__main__":
    main()
