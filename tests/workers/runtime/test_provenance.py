"""What is recorded of the code: its commit, and a patch where it differs."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.launch import save_code_changes
from tracking.records.store import Store
from workers.runtime import provenance


def git(folder: Path, *arguments: str) -> None:
    about = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *about, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with this program in a folder of it, committed, and something else beside."""
    code = tmp_path / "repository/program/workers/runtime/provenance.py"
    code.parent.mkdir(parents=True)
    code.write_text("one\n")
    (tmp_path / "repository/secret.txt").write_text("old")
    git(tmp_path / "repository", "init", "-q")
    git(tmp_path / "repository", "add", "-A")
    git(tmp_path / "repository", "commit", "-qm", "one")
    monkeypatch.setattr(provenance, "PROGRAM", code.parents[1])
    provenance.code.cache_clear()
    provenance.diff.cache_clear()
    yield tmp_path / "repository"
    provenance.code.cache_clear()
    provenance.diff.cache_clear()


def test_a_clean_checkout_has_a_commit_and_no_patch(checkout: Path, tmp_path: Path) -> None:
    found = provenance.code()
    assert len(found.commit) == 40 and not found.modified and not found.diff
    save_code_changes(Store(str(tmp_path / "runs")))
    assert not (tmp_path / "runs").exists()


def test_changes_are_kept_once_under_the_name_that_records_give(checkout: Path, tmp_path: Path) -> None:
    (checkout / "program/workers/runtime/provenance.py").write_text("two\n")
    (checkout / "secret.txt").write_text("new")
    found = provenance.code()
    assert found.modified
    for _ in range(2):
        save_code_changes(Store(str(tmp_path / "runs")))
    (file,) = (tmp_path / "runs/code").iterdir()
    assert file.name == f"{found.diff}.diff"
    assert "+two" in file.read_text() and "new" not in file.read_text(), "of this program, not of what lies beside it"


def test_a_long_patch_is_cut_and_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "LONGEST", 50)
    (checkout / "program/workers/runtime/provenance.py").write_text("two\n" * 100)
    assert "[cut: " in provenance.diff() and len(provenance.diff()) < 120


def test_no_repository_no_commit(tmp_path: Path) -> None:
    assert provenance._git(tmp_path, "rev-parse", "HEAD") == ""


def test_a_patch_in_any_encoding_is_kept_in_any_locale(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "program/workers/runtime/provenance.py").write_bytes("größer\n".encode() + "größer\n".encode("latin-1"))
    monkeypatch.setattr("locale.getencoding", lambda: "ascii")
    assert "+größer\n+gr\ufffd\ufffder" in provenance.diff()
