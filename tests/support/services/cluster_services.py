"""What a cluster needs, for real, on the hosts of `cluster_hosts`: PostgreSQL, an S3 server, MLflow, Ray.

PostgreSQL is Debian's; S3 is moto's server, which speaks the protocol and keeps everything in memory.
"""

import secrets
import shutil
import sys
from pathlib import Path

from tests.support.launching.waiting import until
from tests.support.services.cluster_hosts import Host

DATABASE = "/var/lib/postgresql"  # of each host its own, in memory: it outlives PostgreSQL, not its host
TOKEN, PASSWORD = secrets.token_hex(32), secrets.token_hex(16)
S3, MLFLOW, POSTGRES, RAY, JOBS = 9000, 5000, 5432, 6379, 8265


def postgres_programs() -> str:
    """The folder of PostgreSQL's programs, which Debian keeps out of the path; "" where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    on_path = shutil.which("postgres")
    return str(found[-1].parent) if found else str(Path(on_path).resolve().parent) if on_path else ""


def postgres(host: Host) -> None:
    """Starts a fresh PostgreSQL with the databases `mlflow` and `mlflow_auth`."""
    folder, programs = f"{DATABASE}/data", postgres_programs()
    host.run("chown", "postgres", DATABASE)
    host.run("sh", "-c", f"printf %s {PASSWORD} > {DATABASE}/password")
    options = f"--pgdata={folder} --auth=scram-sha-256 --pwfile={DATABASE}/password --username=mlflow"
    _as_postgres(host, f"{programs}/initdb {options}")
    _control(host, "start")
    for name in ("mlflow", "mlflow_auth"):
        host.run("psql", "-h", "127.0.0.1", "-U", "mlflow", "-d", "postgres", "-c", f"create database {name}",
                 PGPASSWORD=PASSWORD)  # fmt: skip


def restart_postgres(host: Host) -> None:
    """As after a crash: every connection breaks, and it recovers from its log."""
    _control(host, "restart -m immediate")


def _control(host: Host, what: str) -> None:
    options = f"-c listen_addresses=127.0.0.1 -c port={POSTGRES} -c unix_socket_directories={DATABASE}"
    _as_postgres(
        host, f"{postgres_programs()}/pg_ctl -D {DATABASE}/data -w -l {DATABASE}/log -o '{options}' {what}"
    )  # fmt: skip


def _as_postgres(host: Host, command: str) -> None:
    host.run("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "sh", "-c", f"cd / && {command}")


def s3(host: Host, *buckets: str) -> dict[str, str]:
    """Starts an S3 server with these buckets; returns what clients need in their environment."""
    host.start(sys.executable, "-m", "moto.server", "-H", host.address, "-p", str(S3))
    until(lambda: host.answers(S3), "the S3 server")
    address = f"http://{host.address}:{S3}"
    about = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "sweep", "AWS_SECRET_ACCESS_KEY": PASSWORD,
             "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
    make = f"import boto3; s3 = boto3.client('s3'); [s3.create_bucket(Bucket=b) for b in {buckets!r}]"
    host.run(sys.executable, "-c", make, **about)
    return about


def mlflow(host: Host, artifacts: str, environment: dict[str, str]) -> dict[str, str]:
    """Starts an MLflow server on PostgreSQL, as docker/compose.yaml does; returns what clients need."""
    where = f"postgresql+psycopg2://mlflow:{PASSWORD}@127.0.0.1:{POSTGRES}"
    config = host.network.folder / "auth.ini"
    config.write_text(
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\nadmin_username = admin\n"
        f"database_uri = {where}/mlflow_auth\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    own = {
        "MLFLOW_AUTH_CONFIG_PATH": str(config), "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": PASSWORD, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_BACKEND_STORE_URI": f"{where}/mlflow",
    }  # fmt: skip
    command = ["-m", "mlflow", "server", "--host", host.address, "--port", str(MLFLOW), "--workers", "1"]
    command += ["--app-name", "basic-auth", "--artifacts-destination", artifacts]
    command += ["--allowed-hosts", f"{host.address}:{MLFLOW}"]
    host.start(sys.executable, *command, **environment, **own)
    until(lambda: host.answers(MLFLOW), "the MLflow server")
    return {"MLFLOW_TRACKING_URI": f"http://{host.address}:{MLFLOW}", "MLFLOW_TRACKING_USERNAME": "admin",
            "MLFLOW_TRACKING_PASSWORD": PASSWORD}  # fmt: skip


def ray_head(host: Host, cpus: int = 0, jobs: str = "", **more: str) -> dict[str, str]:
    """Starts Ray's head, which works on no bundle unless it is given processors, and takes jobs at the address `jobs`;
    returns what everybody needs. `more`: what only the head sees in its environment."""
    environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_ADDRESS": f"{host.address}:{RAY}"}
    dashboard = (f"--dashboard-host={jobs}", f"--dashboard-port={JOBS}") if jobs else ("--include-dashboard=false",)
    _ray(host, "--head", f"--port={RAY}", *dashboard, f"--num-cpus={cpus}", **environment, **more)
    return environment


def ray_worker(host: Host, environment: dict[str, str], cpus: int = 1) -> None:
    """Joins a host to Ray."""
    _ray(host, f"--address={environment['RAY_ADDRESS']}", f"--num-cpus={cpus}", **environment)


def ray_stop(host: Host) -> None:
    """Takes a host out of Ray."""
    host.run("ray", "stop")


def _ray(host: Host, *arguments: str, **environment: str) -> None:
    common = (f"--node-ip-address={host.address}", "--disable-usage-stats", "--object-store-memory=100000000")
    without = {k: v for k, v in environment.items() if k != "RAY_ADDRESS"}
    host.run("ray", "start", *common, *arguments, OMP_NUM_THREADS="1", **without)
