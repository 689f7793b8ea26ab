"""Lines of n seeds with noise, drawn again and again: what the boundary cases and the effects of claims are made of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.verdicts.line import Line, Run, Series

Numbers = NDArray[np.float64]
Noise = Callable[[int], Numbers]  # n independent numbers of mean 0 and standard deviation 1


def run(seed: int, cell: str, series: Mapping[str, Sequence[float] | float], **more: Any) -> Run:
    """A trial; a number alone is the one value of a measure."""
    found = {}
    for name, values in series.items():
        each = np.atleast_1d(np.asarray(values, dtype=np.float64))
        found[name] = Series(np.arange(len(each), dtype=np.int64), each)
    return Run(f"{cell}-{seed}", seed, cell, more.get("settings", {}), more.get("x", 0.0), more.get("arm", ""), found)


def along(n: int, noise: Noise, spread: float, at: Sequence[float] = (), **means: Sequence[float]) -> Line:
    """Cells along x (1, 2, ... where `at` is empty) with these means; the training error of every seed is as it is."""
    runs = []
    for i in range(len(next(iter(means.values())))):
        drawn = {m: noise(n) * (0.0 if m in ("train_error", "train") else spread) for m in means}
        x = float(at[i]) if at else float(i + 1)
        settings = {"x": x, "data.train_size": 1}
        for seed in range(n):
            values = {m: mean[i] + float(drawn[m][seed]) for m, mean in means.items()}
            runs.append(run(seed, f"c{i}", values, x=x, settings=settings))
    return Line("", tuple(runs))


def cell(n: int, noise: Noise, mean: float, spread: float, name: str = "y", **exact: float) -> Line:
    """One cell; further measures are the same in all seeds."""
    values = mean + spread * noise(n)
    return Line("", tuple(run(seed, "c", {name: float(values[seed]), **exact}) for seed in range(n)))


def every(n: int, series: Mapping[str, Sequence[float]], last: Mapping[str, Sequence[float]], **settings: Any) -> Line:
    """n trials, the last of which is another one."""
    runs = [run(seed, "c", last if seed == n - 1 else series, settings=settings) for seed in range(n)]
    return Line("", tuple(runs))


def two_arms(n: int, noise: Noise, one: float, other: float, spread: float, names: tuple[str, str]) -> Line:
    """Two cells, told apart by their arms."""
    both = zip(names, (one, other), strict=True)
    drawn = [(arm, mean + spread * noise(n)) for arm, mean in both]
    return Line("", tuple(run(s, arm, {"y": float(v[s])}, arm=arm) for arm, v in drawn for s in range(n)))


def changes(n: int, noise: Noise, more: float, less: float, kinds: int = 1) -> Line:
    """Networks perturbed in `kinds` ways, whose y changes by `more` on average once fitted; the control, by `less`."""
    runs = []
    for cell, mean in (*((f"others{i}", more) for i in range(kinds)), ("control", less)):
        drawn, arm = mean + 0.01 * noise(n), cell.rstrip("0123456789")
        runs += [run(s, cell, {"y": [0.5, 0.5 + drawn[s]], "error": [0.0, 0.0]}, arm=arm) for s in range(n)]
    return Line("", tuple(runs))


def lucky(n: int, noise: Noise, others: float, control: float, shared: bool = False) -> Line:
    """Networks to which nothing happens: the training error varies from step to step and is 0 at some of them, and y
    varies with it, by so much in either arm. shared: whether trials of the same seed are the same until the last step.
    """
    runs, drawn = [], [noise(40) for _ in range(n)]
    for arm, by in (("others", others), ("control", control)):
        for seed in range(n):
            z = np.array([*drawn[seed][:-1], float(noise(1)[0])]) if shared else noise(40)
            error = [1.0, *np.where(z[1:] < -0.7, 0.0, 0.1)]
            runs.append(run(seed, arm, {"y": (0.5 + by * z).tolist(), "error": error}, arm=arm))
    return Line("", tuple(runs))


def networks(n: int, noise: Noise, r: float) -> Line:
    """7 n networks with x and y of correlation r."""
    x = noise(7 * n)
    y = r * x + np.sqrt(1 - r**2) * noise(7 * n)
    return Line("", tuple(run(i, str(i), {"x": float(x[i]), "y": float(y[i])}) for i in range(7 * n)))


def grid(n: int, noise: Noise, *curves: Sequence[float]) -> Line:
    """A curve along x for each value of a setting; the third x is the first that fits its training set."""
    runs = []
    for level, curve in enumerate(curves):
        for i, mean in enumerate(curve):
            drawn, settings = mean + 0.02 * noise(n), {"data.label_noise": level}
            values = [{"y": float(drawn[s]), "train_error": float(i < 2)} for s in range(n)]
            runs += [run(s, f"n{level}w{i}", values[s], x=float(i), settings=settings) for s in range(n)]
    return Line("", tuple(runs))


def delays(n: int, noise: Noise, later: float = 0.0) -> Line:
    """Trials that fit their training set at step 10, and their test set at step 100 on (geometric) average, or so many
    standard deviations later."""
    second = np.rint(100 * np.exp(0.2 * (later + noise(n)))).astype(int)
    each = [([float(i < 10) for i in range(600)], [float(i < at) for i in range(600)]) for at in second]
    return Line("", tuple(run(s, "c", {"first": a, "second": b}) for s, (a, b) in enumerate(each)))


def granulated(n: int, noise: Noise, slope: float = 0.0) -> Line:
    """Networks of three values of each of two settings, whose x and y have nothing in common, or a slope."""
    runs = []
    for a in range(3):
        for b in range(3):
            x, y = noise(n), noise(n)
            values = [{"x": float(x[s]), "y": float(slope * x[s] + y[s])} for s in range(n)]
            runs += [run(s, f"a{a}b{b}", values[s], settings={"a": a, "b": b}) for s in range(n)]
    return Line("", tuple(runs))


def slopes(n: int, noise: Noise, mean: float = 1.2) -> Line:
    """Walks whose squares grow so many times as fast as expected, on average."""
    expected = np.sqrt(np.arange(5.0))
    drawn = mean + 0.05 * noise(n)
    runs = [
        run(s, "c", {"y": (expected * np.sqrt(drawn[s])).tolist(), "expected": expected.tolist()}) for s in range(n)
    ]
    return Line("", tuple(runs))


def curves(n: int, noise: Noise, means: Sequence[float], spread: float, **exact: float) -> Line:
    """Trials with a value at every step, independent from step to step; further measures are the same in all seeds."""
    drawn = np.array([mean + spread * noise(n) for mean in means])
    return Line("", tuple(run(seed, "c", {"y": drawn[:, seed].tolist(), **exact}) for seed in range(n)))


def counted(n: int, noise: Noise) -> Line:
    """Trials that end with one error of 20 more than they began with, or with one less."""
    ends = 0.5 + 0.05 * np.sign(noise(n))
    settings = {"data.test_size": 20}
    return Line("", tuple(run(s, "c", {"y": [0.5, float(ends[s])]}, settings=settings) for s in range(n)))


def ordered(n: int, noise: Noise) -> Line:
    """Curves of four points that rise, or of which two neighbours are exchanged: Spearman's correlation is 1 or 0.8."""
    rises = noise(n) > 0
    runs = []
    for i, places in enumerate(zip((1, 2, 3, 4), (1, 3, 2, 4), strict=True)):
        y = np.where(rises, *places).astype(float)
        runs += [run(s, f"c{i}", {"y": float(y[s])}, x=float(i), settings={"x": i}) for s in range(n)]
    return Line("", tuple(runs))


def crossing(n: int, noise: Noise, apart: float = 0.0) -> Line:
    """Three curves, of which two meet at the last of three steps, or are so many standard deviations apart."""
    means = ((1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (3.0, 3.0, 2.0 + 0.05 * apart))
    runs = []
    for k, curve in enumerate(means):
        drawn = np.array([mean + 0.05 * noise(n) for mean in curve])
        values = [{"y": drawn[:, s].tolist(), "clock": [1.0, 2.0, 3.0]} for s in range(n)]
        runs += [run(s, f"c{k}", values[s], x=float(k), settings={"x": k}) for s in range(n)]
    return Line("", tuple(runs))
