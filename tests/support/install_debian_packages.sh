#!/bin/sh
# What `make test-cluster` needs of Debian: network namespaces, PostgreSQL, Slurm, SSHFS. Without root or apt the tests skip.
need=""
for pair in ip:iproute2 psql:postgresql sbatch:slurm-wlm munged:munge setpriv:util-linux sshfs:sshfs sshd:openssh-server; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || need="$need ${pair##*:}"
done
[ -z "$need" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "missing:$need; not root on Debian, so that what needs them is skipped"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $need; } >/tmp/sweep-debian.log 2>&1 ||
  echo "could not install$need (/tmp/sweep-debian.log); what needs them is skipped"
exit 0
