#!/bin/sh
# An MLflow server with logins, on PostgreSQL and an S3-compatible store. Every secret comes from the environment.
set -eu
: "${DATABASE:?user:password@host:port of PostgreSQL}" "${MLFLOW_PASSWORD:?}" "${ALLOWED_HOSTS:?names that browsers use}"
umask 077
config=$(mktemp)
cat >"$config" <<INI
[mlflow]
default_permission = NO_PERMISSIONS
admin_username = admin
database_uri = postgresql+psycopg2://$DATABASE/mlflow_auth
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
INI
export PGCLIENTENCODING=UTF8  # also where the database was made without one: names of runs are no ASCII
export MLFLOW_AUTH_CONFIG_PATH="$config" MLFLOW_AUTH_ADMIN_PASSWORD="$MLFLOW_PASSWORD"
export MLFLOW_BACKEND_STORE_URI="postgresql+psycopg2://$DATABASE/mlflow"
MLFLOW_FLASK_SERVER_SECRET_KEY=${MLFLOW_FLASK_SERVER_SECRET_KEY:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}
export MLFLOW_FLASK_SERVER_SECRET_KEY MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
exec python -m mlflow server --host 0.0.0.0 --port 5000 --workers 2 --app-name basic-auth \
  --artifacts-destination "${ARTIFACTS:-s3://mlflow/artifacts}" --allowed-hosts "$ALLOWED_HOSTS"
