"""`sweep list`, `schema`, `keys` and `doctor` know the files beside a sweep and those of installed packages."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator import cli
from orchestrator.commands.machine.doctor import own_files
from orchestrator.execution import preflight
from orchestrator.execution.preflight import Node
from orchestrator.spec.expand import expand
from orchestrator.spec.kinds import KINDS
from orchestrator.spec.load import read
from tests.support import user_files
from tests.support.user_files import RAISES
from tracking.common.errors import BadSweep
from tracking.common.named_files.user_code import UserCode
from tracking.common.named_files.user_files import FOLDERS

PACKAGE = "a_package_of_nets"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a net of its own, and one that must not be imported."""
    site = tmp_path / "site"
    entry = {
        f"{PACKAGE}/__init__.py": "",
        f"{PACKAGE}/nets/packed.py": user_files.FLAT_NET,
        f"{PACKAGE}/nets/_helper.py": "SCALE = 0.1\n",
        f"{PACKAGE}/nets/broken.py": RAISES,
        "nets_of_mine-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: nets-of-mine\nVersion: 1.2\n",
        "nets_of_mine-1.2.dist-info/entry_points.txt": f"[sweep]\nmine = {PACKAGE}\n",
    }
    for name, text in entry.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    monkeypatch.syspath_prepend(str(site))
    yield site / PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def said(*command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(command))
    assert ended.value.code == 0
    return capsys.readouterr().out


def names(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    return {(one["kind"], one["name"]): one for one in found["names"]}


def test_every_folder_has_its_kind() -> None:
    assert {kind.folder.rpartition(".")[2] for kind in KINDS} == set(FOLDERS)


def test_names_are_listed_with_what_brings_them_and_nothing_is_imported(
    tmp_path: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user_files.write(
        tmp_path, {"nets/bad.py": f'"""Raises."""\n{RAISES}', "nets/linear.py": "", "losses/syntax.py": "("}
    )
    found = names(json.loads(said("list", str(tmp_path), "--json", capsys=capsys)))
    assert found["net", "convnet"]["by"] == "" and found["net", "convnet"]["about"]
    assert found["net", "bad"] == {
        "kind": "net", "name": "bad", "about": "Raises.", "file": str(tmp_path / "nets/bad.py"), "by": "beside",
        "problem": "",
    }  # fmt: skip
    assert found["net", "packed"]["by"] == "nets-of-mine 1.2"
    assert "exists more than once" in found["net", "linear"]["problem"]
    assert "losses/syntax.py:1: SyntaxError" in found["loss", "syntax"]["problem"]
    assert PACKAGE not in sys.modules


def test_the_schema_and_the_keys_of_a_folder_have_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is broken is left out."""
    sweep = user_files.write(tmp_path, {"nets/bad.py": RAISES})
    schema = said("schema", str(sweep), capsys=capsys)
    assert '"const": "flat"' in schema and '"const": "above"' in schema and '"const": "largest"' in schema
    assert '"const": "bad"' not in schema and '"const": "convnet"' in schema
    page = said("keys", str(tmp_path), capsys=capsys)
    assert "### flat\n\nEvery pixel is a feature; written by a test.\n" in page and "| `scale` | number |" in page
    assert "### above" in page and "| `largest` |" in page and "### bad" not in page


def test_the_doctor_tells_what_is_wrong_with_files_that_it_does_not_run(tmp_path: Path) -> None:
    assert own_files(str(tmp_path)).found.startswith("none")
    user_files.write(tmp_path, {"nets/bad.py": RAISES})
    good = own_files(str(tmp_path))
    assert good.state == "ok" and "net bad, net flat, loss halved, measure largest, claim above" in good.found
    (tmp_path / "nets/linear.py").write_text("(")
    bad = own_files(str(tmp_path))
    assert bad.state == "problem" and "net 'linear' exists more than once" in bad.found


def test_a_net_of_an_installed_package_is_used(tmp_path: Path, package: Path) -> None:
    sweep = user_files.write(tmp_path, {"mine.yaml": user_files.SWEEP.replace("name: flat", "name: packed")})
    trials = expand(read(str(sweep)))
    assert type(trials[0].settings.net).__module__ == f"{PACKAGE}.nets.packed"
    (tmp_path / "nets/packed.py").write_text("")
    with pytest.raises(
        BadSweep, match=rf"net 'packed' exists more than once: .*nets/packed.py and {package}/nets/pack"
    ):
        expand(read(str(sweep)))


def test_nodes_are_asked_whether_they_have_the_code_of_the_sweep(
    tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = user_files.SWEEP.replace("name: flat", "name: packed")
    sweep = read(str(user_files.write(tmp_path, {"mine.yaml": text})))
    expand(sweep)
    own = UserCode.loaded(sweep.files)
    here = own.about()
    assert here[f"package {PACKAGE}"].startswith("nets-of-mine 1.2 (") and len(here["the code beside the sweep"]) == 12
    with (package / "nets/unused.py").open("w") as file:
        file.write("x = 1\n")
    for name in [name for name in sys.modules if name.startswith(sweep.files.package)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch.nn.functional", None)  # as on a node that lacks it
    there = own.about()
    lines = preflight.problems(here, [Node("one", {"CPU": 1.0}, there)])
    assert f"package {PACKAGE} is nets-of-mine 1.2 (" in lines[0] and "but one has nets-of-mine 1.2 (" in lines[0]
    assert "the code beside the sweep is " in lines[1] and "losses/halved.py:3: " in lines[1]
