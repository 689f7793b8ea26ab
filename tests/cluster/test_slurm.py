"""docker/slurm.sh on a real Slurm: a sweep over two nodes, warned before its time limit, preempted, and finished."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.waiting import until
from tests.support.services import cluster_slurm as slurm
from tests.support.services.cluster_hosts import BIN, Host, Network, missing
from tests.support.services.cluster_records import PACE, SWEEP, TRIALS, records

LACKING = missing(*slurm.PROGRAMS)
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900), pytest.mark.skipif(bool(LACKING), reason=LACKING)]
EPOCHS = 68  # of a second each, ten bundles on four processors: more than the time limit allows
SCRIPT = str(ROOT / "docker" / "slurm.sh")


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("slurm")
    with Network(folder, own=(slurm.STATE,)) as network:
        host = network.host("controller", 20)
        slurm.start(host, [network.host("c1", 21), network.host("c2", 22)], cpus=2, grace_s=60)
        host.environment["SWEEP"] = str(BIN / "sweep")
        yield host


def state(host: Host, job: str) -> dict[str, str]:
    said = host.run("scontrol", "show", "job", job)
    found = dict(re.findall(r"(\w+)=(\S*)", said))
    log = host.network.folder / "job.log"
    assert found["JobState"] != "FAILED", log.read_text()[-4000:]
    return found


def hurry(host: Host, job: str) -> None:
    """Slurm lets a requeued job wait two minutes."""
    until(lambda: state(host, job)["JobState"] == "PENDING", "the job to be back in the queue", 180)
    host.run("scontrol", "update", f"JobId={job}", "StartTime=now")


def test_slurm_takes_the_script_as_it_is(controller: Host) -> None:
    said = controller.run("sh", "-c", f"sbatch --test-only --nodes=2 {SCRIPT} demo 2>&1")
    assert "to start at" in said, said


def test_a_sweep_outlives_its_time_limit_and_a_preemption(controller: Host) -> None:
    folder = controller.network.folder
    spec, store, begun = folder / "widths.yaml", folder / "runs", time.monotonic()
    spec.write_text(SWEEP % EPOCHS)

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}; {states()}")

    def states() -> dict[str, int]:
        if not store.exists():
            return {}
        said = controller.run("sweep", "status", str(spec), "--store", str(store), "--json")
        found: dict[str, int] = json.loads(said)["trials"]
        return found

    short = ("--nodes=2", "--partition=low", "--time=3", "--signal=B:USR1@60", f"--output={folder}/job.log")
    said = controller.run("sbatch", "--parsable", *short, SCRIPT, str(spec), "--store", str(store), "--json", **PACE)
    job = said.strip()
    say(f"job {job} submitted to nodes c1 and c2 for 3 minutes")
    until(lambda: state(controller, job).get("Restarts") == "1", "the warning before the time limit", 240)
    say("warned by SIGUSR1 before the time limit, it committed and went back into the queue")
    hurry(controller, job)
    controller.run("scontrol", "update", f"JobId={job}", "TimeLimit=20")
    until(lambda: state(controller, job)["JobState"] == "RUNNING", "the second run", 120)
    before = states()
    until(lambda: states() != before, "more work done", 180)
    say("running again")
    other = ("--nodes=2", "--exclusive", "--partition=high", "--wrap", "sleep 5", f"--output={folder}/high.log")
    controller.run("sbatch", *other)
    until(lambda: int(state(controller, job)["Restarts"]) >= 2, "the preemption", 180)
    say("preempted by a job of higher priority")
    hurry(controller, job)
    until(lambda: state(controller, job)["JobState"] == "COMPLETED", "the sweep to finish", 400)
    say(f"completed: {state(controller, job)['ExitCode']}, {state(controller, job)['Restarts']} restarts")
    print((folder / "job.log").read_text())
    found = records(spec, str(store))
    assert found["ended"] == TRIALS and not found["wrong"], found
    assert set(found["hosts"]) <= {"c1", "c2"}
    assert not list(folder.glob("sweep-*")), "the script leaves no file behind"
