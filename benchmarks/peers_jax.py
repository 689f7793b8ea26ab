"""The JAX arm of peers.py, run in a virtual environment that has only JAX: jit(vmap(epoch)) over stacked parameters.

    python peers_jax.py DIGITS.npz SWEEP.json

DIGITS.npz: train_x (N, 8, 8, 1) in -1 .. 1, train_y, test_x, test_y. SWEEP.json: widths, seeds, depth, epochs, batch,
learning_rate. The models of one width are trained at once. Training and test error and risk after each epoch and
before the first are written as one line of JSON, by (width, seed). No records, figures or MLflow.
"""

import json
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

CLASSES = 10


def start(key, depth, width, image):
    """He's initialisation, as workers/nets/convnet.py has it."""
    params, inputs, side = [], image[2], image[0]
    for _ in range(depth):
        key, own = jax.random.split(key)
        params.append((jax.random.normal(own, (3, 3, inputs, width)) * (2 / (9 * inputs)) ** 0.5, jnp.zeros(width)))
        inputs, side = width, (side + 1) // 2
    features = side * side * width
    return params, (jax.random.normal(key, (features, CLASSES)) * features**-0.5, jnp.zeros(CLASSES))


def outputs(params, x):
    convolutions, (weight, bias) = params
    for w, b in convolutions:
        layout = ("NHWC", "HWIO", "NHWC")
        x = jax.nn.relu(jax.lax.conv_general_dilated(x, w, (2, 2), ((1, 1), (1, 1)), dimension_numbers=layout) + b)
    return x.reshape(len(x), -1) @ weight + bias


def losses(params, x, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(outputs(params, x)), y[:, None], 1)[:, 0]


def epoch(params, order, x, y, rate):
    """One pass: order (steps, batch) of examples."""

    def step(params, chosen):
        gradient = jax.grad(lambda p: losses(p, x[chosen], y[chosen]).mean())(params)
        return jax.tree.map(lambda p, g: p - rate * g, params, gradient), None

    return jax.lax.scan(step, params, order)[0]


def measured(params, x, y):
    f = outputs(params, x)
    return (f.argmax(1) != y).mean(), losses(params, x, y).mean()


def main(data, sweep):
    digits, s = np.load(data), json.loads(Path(sweep).read_text())
    train_x, train_y, test_x, test_y = (
        jnp.asarray(digits[name]) for name in ("train_x", "train_y", "test_x", "test_y")
    )
    run = jax.jit(jax.vmap(partial(epoch, rate=s["learning_rate"]), (0, 0, None, None)))
    look = jax.jit(jax.vmap(measured, (0, None, None)))
    found = {}
    for width in s["widths"]:
        init = jax.vmap(lambda key, width=width: start(key, s["depth"], width, train_x.shape[1:]))
        params = init(jnp.stack([jax.random.PRNGKey(seed) for seed in s["seeds"]]))
        rows = []
        for e in range(s["epochs"] + 1):
            if e:
                orders = [np.random.default_rng((seed, e)).permutation(len(train_y)) for seed in s["seeds"]]
                params = run(
                    params, jnp.asarray(np.stack(orders)).reshape(len(orders), -1, s["batch"]), train_x, train_y
                )
            rows.append(
                [np.asarray(v).tolist() for part in ((train_x, train_y), (test_x, test_y)) for v in look(params, *part)]
            )
        found[width] = rows
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
