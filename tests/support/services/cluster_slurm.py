"""A real Slurm on the hosts of `cluster_hosts`: munge, a controller, and a daemon on every other host."""

import secrets
import shutil

from tests.support.launching.waiting import until
from tests.support.services.cluster_hosts import Host

STATE = "/var/spool/slurm-of-host"  # of each host its own
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sacctmgr")
CONF = """
ClusterName=test
SlurmctldHost={controller}({address})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={state}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={state}/ctld
SlurmdSpoolDir={state}/d
SlurmctldPidFile={state}/ctld.pid
SlurmdPidFile={state}/d.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldDebug=info
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
ReturnToService=2
MpiDefault=none
KillWait=30
OverTimeLimit=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=bf_interval=5,requeue_setup_env_fail
JobRequeue=1
"""


def start(controller: Host, workers: list[Host], cpus: int, grace_s: int) -> str:
    """Starts everything; returns the path of slurm.conf. Partition `low` can be preempted by `high`."""
    folder = controller.network.folder
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    conf = folder / "slurm.conf"
    text = CONF.format(controller=controller.name, address=controller.address, state=STATE, folder=folder)
    for host in workers:
        text += f"NodeName={host.name} NodeAddr={host.address} CPUs={cpus} RealMemory=2000 State=UNKNOWN\n"
    names = ",".join(host.name for host in workers)
    text += f"PartitionName=low Nodes={names} Default=YES PriorityTier=1 GraceTime={grace_s} MaxTime=1:00:00 State=UP\n"
    text += f"PartitionName=high Nodes={names} PriorityTier=10 PreemptMode=OFF MaxTime=1:00:00 State=UP\n"
    conf.write_text(text)
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    hosts = "".join(f"{host.address} {host.name}\n" for host in (controller, *workers))
    (folder / "hosts").write_text("127.0.0.1 localhost\n" + hosts)
    for host in (controller, *workers):
        host.environment["SLURM_CONF"] = str(conf)
        host.run("mkdir", "-p", f"{STATE}/ctld", f"{STATE}/d")
        host.run("mount", "--bind", str(folder / "hosts"), "/etc/hosts")
        options = [f"--key-file={key}", f"--socket={STATE}/munge.socket", f"--pid-file={STATE}/munge.pid"]
        options += [f"--log-file={STATE}/munge.log", f"--seed-file={STATE}/munge.seed", "--force"]
        host.run(shutil.which("munged") or "munged", *options)
    controller.start("slurmctld", "-D")
    for host in workers:
        host.start("slurmd", "-D")
    idle = ("sinfo", "--noheader", "--partition=low", "--format=%D %t")
    until(lambda: controller.run(*idle, check=False).strip() == f"{len(workers)} idle", "Slurm's nodes")
    return str(conf)
