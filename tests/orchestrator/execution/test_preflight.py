"""What a cluster is refused for, before anything runs there; with real nodes in test_preflight_on_hosts.py."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.execution import preflight
from orchestrator.execution.preflight import Node
from tracking.common import program_sources
from tracking.common.errors import Refused
from tracking.records.store import Store

HERE = {"python": "3.11", "torch": "2.13.0", "code": "abc"}
GOOD = Node("good (10.0.0.1)", {"CPU": 4.0}, {**HERE, "probe": "42", "authentication": "token"})


def node(name: str, cpus: float = 1, **differs: str) -> Node:
    return Node(name, {"CPU": cpus}, {**GOOD.about, **differs})


def test_a_good_cluster_has_no_problems() -> None:
    assert preflight.problems(HERE, [GOOD, node("another")], "/shared", "42") == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (node("old", torch="2.9.0"), ["torch is 2.13.0 here", "old has 2.9.0", "Use the same image"]),
        (node("edited", code="def"), ["code is abc here", "edited has def"]),
        (node("alone", probe="FileNotFoundError: no"), ["alone", "cannot read the store '/shared'", "s3://"]),
        (node("open", authentication="disabled"), ["open lets everybody run code", "ray get-auth-token"]),
        (Node("bare", {"CPU": 1.0}, error="x\nModuleNotFoundError: No module named 'sweep'"), ["bare: ModuleNotFound"]),
    ],
)
def test_what_is_wrong_with_one_node_is_said_with_its_name(bad: Node, words: list[str]) -> None:
    (problem,) = preflight.problems(HERE, [GOOD, bad], "/shared", "42")
    assert [w for w in words if w not in problem] == []
    assert "good" not in problem


def test_what_can_never_be_scheduled_is_refused() -> None:
    assert preflight.problems(HERE, [node("head", cpus=0)])[0].startswith("no node has 1 CPU")
    graphics = Node("gpu", {"CPU": 0.0, "GPU": 2.0}, GOOD.about)
    (problem,) = preflight.problems(HERE, [GOOD, graphics])
    assert "1 CPU and 1 GPU" in problem and "gpu offers 0 CPU, 2 GPU" in problem


def test_a_hundred_bad_nodes_make_one_line() -> None:
    (problem,) = preflight.problems(HERE, [GOOD, *(node(f"n{i}", torch="1") for i in range(100))])
    assert "n4 has 1 and 95 more" in problem


def test_an_open_cluster_is_fine_for_who_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert preflight.problems(HERE, [node("open", authentication="disabled")]) == []


def test_the_probe_is_read_where_the_nodes_are_and_left_nowhere(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "runs"))
    mine = {**preflight.about(), "authentication": "token"}
    preflight.check(lambda look: [Node("this", {"CPU": 1.0}, {**mine, **look()})], store)
    with pytest.raises(Refused, match=r"FileNotFoundError.*cannot read the store"):
        preflight.check(lambda look: [Node("far", {"CPU": 1.0}, {**mine, "probe": "FileNotFoundError"})], store)
    assert store.files.names("probes", "") == []


@pytest.mark.parametrize("edited", ["workers/trial.py", "workers/engines/cpu/kernels/network.hpp"])
def test_the_code_that_counts_is_the_code_that_runs(
    edited: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its digest is of whatever the program consists of, C++ too, and of nothing that lies elsewhere."""
    assert preflight.code() == preflight.about()["code"] and len(preflight.code()) == 16
    ignored = shutil.ignore_patterns("*.so", "*.pyc")
    for package in program_sources.PACKAGES:
        shutil.copytree(program_sources.PROGRAM / package, tmp_path / package, ignore=ignored)
    monkeypatch.setattr(program_sources, "PROGRAM", tmp_path)
    assert preflight.code.__wrapped__() == preflight.code()
    with (tmp_path / edited).open("a") as file:
        file.write("\n")
    assert preflight.code.__wrapped__() != preflight.code()


def test_where_nobody_listens_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    with socket.socket() as taken:  # bound, but it does not listen
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionError, match=r"nothing answers at '127\.0\.0\.1:") as caught:
            preflight.check_address(f"127.0.0.1:{taken.getsockname()[1]}")
        assert isinstance(caught.value.__cause__, ConnectionRefusedError), "nothing was waited for"


def test_without_a_token_nobody_is_even_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refused, match="needs a token, and there is none here"):
        preflight.check_address("127.0.0.1:1")
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("secret")
    with pytest.raises(ConnectionError) as error:
        preflight.check_address("127.0.0.1:1")
    assert "secret" not in str(error.value)


def test_the_dashboards_address_is_not_the_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="is Ray's dashboard"):
        preflight.check_address("http://127.0.0.1:8265")
    with pytest.raises(Refused, match="no address of a cluster's head"):
        preflight.check_address("ray://127.0.0.1:10001")


@pytest.mark.parametrize("address", ["head", "head:", "head:ray", ":6379", "head:99999"])
def test_what_is_no_address_is_said(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    with pytest.raises(Refused, match="give host:port"):
        preflight.check_address(address)


def test_a_launch_on_a_dead_address_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    command = ["launch", "demo", "--profile", "debug", "--address", "127.0.0.1:1", "--store", str(tmp_path / "runs")]
    with pytest.raises(SystemExit) as ended:
        cli.main(command)
    assert ended.value.code == 2 and os.listdir(tmp_path) == []
    assert "nothing answers at '127.0.0.1:1'" in capsys.readouterr().err
