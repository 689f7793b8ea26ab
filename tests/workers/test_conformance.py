"""Shipped files against their Protocols: mypy looks at those listed, loading looks at all."""

import ast
import inspect
import pickle
from typing import Any

import pytest

from tracking.common.named_files.plugins import Kind
from workers import conformance, plugins
from workers.bench.measure import ENGINES
from workers.engines.gpu.choose_convolution import ROUTES
from workers.trial import Trial

KINDS: list[Kind[Any]] = [
    plugins.EXPERIMENTS, plugins.NETS, plugins.DATASETS, plugins.LOSSES, plugins.MEASURES, plugins.PERTURBATIONS,
    plugins.OPTIMIZERS, plugins.SCHEDULES,    ENGINES, ROUTES,
]  # fmt: skip


def listed(folder: str) -> set[str]:
    """The names imported from a folder by the module that mypy checks, of those that are then used."""
    tree = ast.parse(inspect.getsource(conformance))
    used = {name.id for call in ast.walk(tree) if isinstance(call, ast.Call) for name in call.args
            if isinstance(name, ast.Name)}  # fmt: skip
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == folder]
    return {alias.name for node in imports for alias in node.names if (alias.asname or alias.name) in used}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.what)
def test_every_shipped_file_is_compared_by_mypy(kind: Kind[Any]) -> None:
    assert listed(kind.folder) == set(kind.names())


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in k.names()], ids=str)
def test_every_shipped_file_fulfils_its_protocol_when_loaded(kind: Kind[Any], name: str) -> None:
    if name == "triton":
        pytest.importorskip("triton")
    kind.load(name)


def test_a_trial_stays_itself_on_its_way_to_a_worker() -> None:
    trial = Trial.of("growth", {"layers": 3})
    assert pickle.loads(pickle.dumps(trial)) == trial and pickle.loads(pickle.dumps(trial)).id == trial.id
