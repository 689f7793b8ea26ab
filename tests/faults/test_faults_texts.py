"""Text of a sweep file that would steer a terminal is spelled out: by every command, and in MLflow."""

import sqlite3
from contextlib import closing

from tests.support.launching.launches import Place, sweep

STEERING = "\x1b[2J\x1b]0;mine\x07 \x9b31m \u202eabc"
SWEEP = sweep(
    "misbehaving", {"steps": 2}, {"seed": {"count": 2}}, notes=STEERING,
    curves=[{"name": "v", "x": "step", "y": "value", "title": STEERING, "x_label": STEERING}],
).replace('"title": "faults"', '"title": "faults \\u001b[2J \\u009b31m \\u202e"')  # fmt: skip


def test_no_command_prints_a_character_that_steers_a_terminal_and_mlflow_gets_none(place: Place) -> None:
    place.write(SWEEP).launch().ends(0)
    for command in ("plan", "status", "curves", "verify", "sync", "launch"):
        local = ("--local",) if command == "launch" else ()
        done = place.program.run(place.folder, command, "faults.yaml", *local).ends(0)
        assert not steering(done.out + done.err), command
    with closing(sqlite3.connect(place.store / "mlflow.db")) as connection:
        for table in ("tags", "params", "experiment_tags"):
            values = [value for (value,) in connection.execute(f"SELECT value FROM {table}")]
            assert values and not any(map(steering, values)), table


def steering(text: str) -> list[str]:
    return [c for c in text if not c.isprintable() and c not in "\n\t"]
