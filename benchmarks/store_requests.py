"""How many requests each command makes to a store, and how long it takes.

    python -m benchmarks.store_requests STORE

STORE is a folder or a URI such as s3://bucket/runs; nothing may be recorded in it of the demo. The demo's debug profile
is launched in this process, with another number of epochs once more, and again with nothing to do; then the commands
that only read follow. Commits of the bundles and heartbeats of the lease are counted, too.
"""

import contextlib
import io
import sys
import time

from orchestrator import cli
from tests.support.stores.count_requests import counted
from tracking.records import layout

DEMO = ("demo", "--profile", "debug", "--json")
DONE = {
    "launch": ("launch", *DEMO, "--local"),
    "launch beside other records": ("launch", *DEMO, "--local", "--set", "epochs=4"),
    "launch with nothing to do": ("launch", *DEMO, "--local"),
    **{command: (command, *DEMO) for command in ("status", "plan", "verify", "curves", "sync")},
}


def main(store: str) -> None:
    print("| command | all requests | listings of records | manifests read | segments read | seconds |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, typed in DONE.items():
        start = time.monotonic()
        with counted() as requests, contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            cli.main([*typed, "--store", store])
        read = [n for (kind, n), times in requests.made.items() if kind == "read" for _ in range(times)]
        manifests, segments = (sum(n.endswith(end) for n in read) for end in (layout.MANIFEST, layout.SEGMENT))
        numbers = (requests.made.total(), requests.full_reads(), manifests, segments)
        print(f"| {name} | {' | '.join(map(str, numbers))} | {time.monotonic() - start:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
