"""`sweep new` writes files that keep their contract, and `sweep check` finds those that break it."""

import json
from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.commands.authoring import new
from orchestrator.spec import expand, load

KINDS = sorted(set(new.FOLDERS) - {"sweep"})


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments])
    return int(ended.value.code or 0)


def checked(file: Path, capsys: pytest.CaptureFixture[str], *given: str) -> dict[str, str]:
    """What is wrong, by the part of the contract."""
    code = run("check", str(file), "--json", *given)
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if found["kept"] else 1)
    return {one["about"]: one["problem"] for one in found["checks"]}


@pytest.mark.parametrize("kind", KINDS)
def test_what_new_writes_keeps_the_contract(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", kind, "mine", "--folder", str(tmp_path)) == 0
    found = checked(tmp_path / new.FOLDERS[kind] / "mine.py", capsys)
    assert len(found) >= 5 and set(found.values()) == {""}


def test_a_new_sweep_can_be_read(tmp_path: Path) -> None:
    assert run("new", "sweep", "mine", "--folder", str(tmp_path)) == 0
    assert load.read(str(tmp_path / "mine.yaml"), "debug").claims


def test_a_copy_of_a_shipped_sweep_has_its_trials(tmp_path: Path) -> None:
    assert run("new", "sweep", "mine", "--like", "double_descent", "--folder", str(tmp_path)) == 0
    copy, shipped = (load.read(spec, "debug") for spec in (str(tmp_path / "mine.yaml"), "double_descent"))
    assert [t.id for t in expand.expand(copy)] == [t.id for t in expand.expand(shipped)]


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", "net", "mine", "--folder", str(tmp_path)) == 0
    (tmp_path / "nets/mine.py").write_text("mine")
    assert run("new", "net", "mine", "--folder", str(tmp_path)) == 2
    assert "is there already" in capsys.readouterr().err and (tmp_path / "nets/mine.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("new", "nett", "x"), "unknown kind 'nett', did you mean 'net'?"),
        (("new", "net", "My-Net"), "'My-Net' cannot be named in a sweep file"),
        (("new", "net", "x", "--folder", "nowhere"), "there is no folder 'nowhere'"),
        (("new", "net", "linear"), "net 'linear' exists, in "),
        (("new", "sweep", "x", "--like", "double"), "unknown sweep 'double', did you mean 'double_descent'?"),
        (("new", "net", "x", "--like", "demo"), "--like copies a sweep, and this is a net"),
        (("check", "nets/none.py"), "there is no file 'nets/none.py'"),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2 and says in capsys.readouterr().err


def test_a_file_outside_of_every_kind_is_refused_with_the_kinds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text("")
    assert run("check", str(tmp_path / "mine.py")) == 2
    assert "in one of: claims, data, losses, measures, nets" in capsys.readouterr().err


COUPLED = """
SPLITS = ("",)
def measure(snapshot):
    values = next(iter(snapshot.parameters.values())).flatten(1).double().sum(1)
    yield "", "", values - values.mean()
"""
ELSEWHERE = """
SPLITS = ("test",)
def measure(snapshot):
    yield "train", "", snapshot.totals("train")[0]
"""
NOTHING = """
SPLITS = ("test",)
def measure(snapshot):
    yield from ()
"""
CHANGES = """
SPLITS = ("",)
def measure(snapshot):
    for value in snapshot.parameters.values():
        value.detach().mul_(0.9)
    yield "", "", snapshot.zeros()
"""
NEEDED = """
from workers.interfaces.net import NetSettings
class Settings(NetSettings):
    hidden: int
def build(settings, image, classes): ...
"""
BEYOND = """
SPLITS = ("train",)
BOUNDS = (0, 0.001)
def measure(snapshot):
    yield "train", "", snapshot.totals("train")[0]
"""
WHOLE_BUNDLE = """
SPLITS = ("train",)
def measure(snapshot):
    yield "train", "", snapshot.engine.totals("train")[0]
"""
RANDOM = """
import random
def loss(outputs, labels):
    return (1 + random.random()) * outputs.square().sum(-1)
"""
RAISES = """
def loss(outputs, labels):
    return outputs.no_such_method()
"""
NO_DATA = """
from typing import Literal
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Finding

class Settings(Claim):
    name: Literal["mine"] = "mine"
    def needs(self, settings): return Needs({"y": Measured("error", "test")}, per="cell")
    def tested(self): return "Anything."
    def criterion(self): return "always"
    def judge(self, line): return Finding(said(True))
"""


@pytest.mark.parametrize(
    ("file", "text", "about", "says"),
    [
        ("measures/mine.py", COUPLED, "in a bundle with another trial", "the first dimension of tensors"),
        ("measures/mine.py", ELSEWHERE, "it is loaded", "it yields split 'train', layer ''; SPLITS says ('test',)"),
        ("measures/mine.py", NOTHING, "it is loaded", "SPLITS says ['test'], and it yields values of the splits []"),
        ("measures/mine.py", BEYOND, "it is loaded", "BOUNDS says 0 to 0.001, and it yields values from "),
        ("measures/mine.py", WHOLE_BUNDLE, "taken once", "of torch.float64 of shape (2,) as values of split 'train'"),
        ("measures/mine.py", CHANGES, "nothing that is measured after it", "change no tensor of the snapshot in place"),
        ("losses/mine.py", RANDOM, "it is loaded", "losses/mine.py:3): the same outputs have other losses"),
        ("losses/mine.py", RAISES, "it is loaded", "losses/mine.py:3): AttributeError"),
        ("nets/mine.py", NEEDED, "it is loaded", "its setting 'hidden' has no default: give it one, or a value"),
        ("nets/mine.py", "import nothing_of_this_name\n", "it is loaded", "nets/mine.py:1"),
        ("claims/mine.py", NO_DATA, "there are rows of which it does not hold", "it says holds"),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_found(
    file: str, text: str, about: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text(text)
    found = {part: problem for part, problem in checked(path, capsys).items() if problem}
    assert any(about in part and says in problem for part, problem in found.items()), found
