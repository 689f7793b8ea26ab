"""Commands in messages can be pasted: none of them is written without the sweep and the store that it needs."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records.command_lines import command, of_each, syncs
from tracking.records.files.storage import Files
from tracking.records.store import Store

# Commands that work as they are, and the names of commands where nothing is to be typed.
BARE = {"sweep launch demo", "sweep list", "sweep doctor", "sweep schema", "sweep ui", "sweep pack"}


def literal(tree: ast.AST) -> Iterator[str]:
    """Commands that are spelled out in messages; docstrings are not messages."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docs = {body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs:
            yield from re.findall(r"`(sweep(?: [^`]*)?)(?:`|$)", node.value)


def test_no_message_spells_a_command_without_its_sweep_and_store() -> None:
    assert list(literal(ast.parse("def f():\n  '`sweep rm`'\n  return f'a `sweep sync` b', f'`sweep {x}`'"))) == [
        "sweep sync",
        "sweep ",
    ]
    files = [path for room in ("orchestrator", "tracking", "workers") for path in (ROOT / room).rglob("*.py")]
    found = {(str(path.relative_to(ROOT)), one) for path in files for one in literal(ast.parse(path.read_text()))}
    assert not {(path, one) for path, one in found if one not in BARE}, "`tracking.records.command_lines` makes them"


def test_names_and_paths_are_quoted_for_a_shell() -> None:
    made = command("status", "a b@x='1'", store="/tmp/$HOME; ls")
    assert shlex.split(made) == ["sweep", "status", "a b@x='1'", "--store", "/tmp/$HOME; ls"]
    assert command("ls") == "sweep ls"


def test_of_many_sweeps_the_first_are_named_and_how_the_others_are_listed() -> None:
    assert of_each("sync", ["a", "b"], store="runs") == "`sweep sync a`, `sweep sync b`"
    assert of_each("sync", [*"abcd"], store="s").endswith("`sweep sync c --store s` and so on (`sweep ls --store s`)")


def test_the_sweeps_of_a_store_are_synced_each(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "runs"))
    assert syncs(store.files) == "the next launch of each sweep"
    launched(write(tmp_path / "x.yaml"), store)
    assert syncs(store.files, "--tracking-uri", "u") == f"`sweep sync x --tracking-uri u --store {store.root}`"
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/sweeps").symlink_to(tmp_path / "runs/sweeps")
    assert syncs(Files(str(tmp_path / "linked"))) == "the next launch of each sweep"
