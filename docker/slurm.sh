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
#SBATCH --signal=B:USR1@120
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

# The warning goes to this script alone (B:), which hands it on to `sweep`: Ray's own processes would die of it.
ended=$(mktemp "${SLURM_SUBMIT_DIR:-.}/sweep-$SLURM_JOB_ID.XXXXXX")
trap 'rm -f "$ended" "$ended.pid"' EXIT
trap 'kill -USR1 "$(cat "$ended.pid")" 2>/dev/null || true' USR1 TERM

# shellcheck disable=SC2016 # expanded there, not here
srun --wait=20 --kill-on-bad-exit=0 \
  ray symmetric-run --address "$address" --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus="${SLURM_CPUS_ON_NODE:-1}" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" -- \
  bash -c 'file=$1; shift; trap "" TERM; "$@" & echo $! > "$file.pid"; wait $!; echo $? > "$file"' launch \
  "$ended" "$sweep" launch "$@" --address "$address" &
step=$!
while kill -0 "$step" 2>/dev/null; do
  wait "$step" || true # a signal ends it, too; a node that outlives the head is ended by Slurm, which says nothing of the sweep
done

code=$(cat "$ended")
# Interrupted, with everything committed kept; or ended from outside before it could say so: preempted, a node lost.
if [ "$code" = 75 ] || { [ -z "$code" ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 10 ]; }; then
  echo "interrupted, back into the queue"
  rm -f "$ended" "$ended.pid"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "${code:-70}"
