"""Ray, on this machine or on a cluster: the only room that imports it. Ray reads these settings at its import."""

import os
import secrets
from pathlib import Path

# Tune's own CSV, JSON and TensorBoard files double the time of short trials.
os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"  # ours, in execution/signals.py, also handles SIGTERM
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # the supervisor logs each failure once

# Only who has the token may run code in Ray. A user without one gets a new token for each Ray of this process.
os.environ.setdefault("RAY_AUTH_MODE", "token")
if not (Path.home() / ".ray/auth_token").exists() and "RAY_AUTH_TOKEN_PATH" not in os.environ:
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
