"""Figure 4 in closed form against the literal loop: seconds, and how far apart the weights end.

    python -m benchmarks.regression [iterations] [repetitions]

The memo's 10,000,000 iterations and 29 repetitions are the defaults; the loop takes minutes. One line of JSON.
"""

import json
import platform
import sys
import time

import numpy as np

from tests.support.networks.literal_descent import literal
from workers.experiments import regression
from workers.experiments.regression import Settings
from workers.theory.closed_form_descent import Array
from workers.trial import Trial


def literal_weights(settings: Settings, repetitions: int) -> Array:
    """All repetitions [M, P], one step after the other, with the noise that the closed form uses."""
    given = regression.problem(settings)
    phi, y, eta = given.phi["train"], given.y["train"], settings.learning_rate
    drawn = [regression.draws(settings, seed) for seed in range(repetitions)]
    w = np.stack([start for start, _ in drawn])
    done = 0
    for s, step in enumerate(regression.perturbed_steps(settings).tolist()):
        w = literal(phi, y, eta, w, step - done) + np.stack([walk[s] for _, walk in drawn])
        done = step
    return literal(phi, y, eta, w, settings.iterations - done)


def closed_weights(settings: Settings, repetitions: int) -> Array:
    """The same [M, P] from the closed form."""
    given = regression.problem(settings)
    last = np.array([settings.iterations])
    return given.descent.weights(regression.trajectory(given, settings, last, range(repetitions)))[:, 0]


def main(iterations: int, repetitions: int) -> None:
    settings = Settings(iterations=iterations)
    started = time.perf_counter()
    trials = [Trial("regression", settings.model_copy(update={"seed": seed})) for seed in range(repetitions)]
    rows = sum(len(progress.rows) for progress in regression.run(trials, "cpu", None))
    closed_s = time.perf_counter() - started
    started = time.perf_counter()
    slow = literal_weights(settings, repetitions)
    literal_s = time.perf_counter() - started
    apart = float(np.abs(closed_weights(settings, repetitions) - slow).max() / np.abs(slow).max())
    result = {"iterations": iterations, "repetitions": repetitions, "rows": rows, "closed_s": round(closed_s, 3)}
    result |= {"literal_s": round(literal_s, 1), "relative_difference": apart}
    print(json.dumps(result | {"numpy": np.__version__, "machine": platform.machine()}))


if __name__ == "__main__":
    main(*[int(given) for given in [*sys.argv[1:], *["10000000", "29"][len(sys.argv) - 1 :]]])
