#!/bin/bash
# A sweep as a Slurm job on whole nodes: sbatch --nodes=4 --time=8:00:00 docker/slurm.sh fig2 --store /shared/runs
#
# Arguments go to `sweep launch`; the store must be seen by every node: a shared disk, or an object store.
# Two minutes before the time limit, and when the job is preempted, every bundle commits and the job goes back into the
# queue; what was committed is not done again. SWEEP names the command where it is not in the path.
#SBATCH --job-name=sweep
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=USR1@120
set -euo pipefail

sweep=${SWEEP:-$(command -v sweep)}
PATH=$(dirname "$sweep"):$PATH
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
head=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | cut -d' ' -f1)
address=$head:$((20000 + SLURM_JOB_ID % 10000))

# Only this job knows the token: it is nowhere on a disk, and the next run of the job has another.
RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=300 OMP_NUM_THREADS=1

# Signals go to every process of a step. Ray must outlive them until `sweep` has committed, which handles them itself.
ended=$(mktemp "${SLURM_SUBMIT_DIR:-.}/sweep-$SLURM_JOB_ID.XXXXXX")
trap 'rm -f "$ended"' EXIT
trap : TERM USR1
# shellcheck disable=SC2016 # expanded there, not here
srun --wait=20 --kill-on-bad-exit=0 bash -c 'trap "" TERM USR1; exec "$@"' task \
  ray symmetric-run --address "$address" --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus="${SLURM_CPUS_ON_NODE:-1}" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" -- \
  bash -c 'file=$1; shift; "$@"; echo $? > "$file"' launch \
  "$ended" "$sweep" launch "$@" --address "$address" ||
  true # a node that outlives the head is ended by Slurm, which says nothing of the sweep

code=$(cat "$ended")
if [ "$code" = 75 ]; then # interrupted: everything committed is kept
  echo "interrupted, back into the queue"
  rm -f "$ended"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "${code:-70}" # empty: Ray did not start; see above
