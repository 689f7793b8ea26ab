"""What is recorded of the code: its own commit, the files that differ from it, a digest of what computes."""

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.execution.store.keep_code import keep
from tracking.records import layout
from tracking.records.provenance import Code
from tracking.records.store import Store
from workers.runtime import provenance

COMPUTES = "workers/runtime/provenance.py"


def git(folder: Path, *arguments: str) -> None:
    about = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *about, *arguments], cwd=folder, check=True, capture_output=True)


def committed(repository: Path) -> None:
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "one")


def forget() -> None:
    provenance.code.cache_clear()
    provenance.changes.cache_clear()


def code_now() -> Code:
    """As a process finds it that starts now."""
    forget()
    return provenance.code()


def kept() -> dict[str, str]:
    """The changed files that are kept, by name."""
    forget()
    content = provenance.changes()
    if not content:
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This program in a folder that is no checkout yet."""
    folder = tmp_path / "repository/program"
    for name in (COMPUTES, "workers/nets/net.py", "orchestrator/cli.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("one\n")
    monkeypatch.setattr(provenance, "PROGRAM", folder)
    yield folder
    forget()


@pytest.fixture
def checkout(program: Path) -> Path:
    """This program in a folder of its own repository, committed, and something else beside it."""
    (program.parent / "secret.txt").write_text("old")
    committed(program.parent)
    return program


def test_a_clean_checkout_has_a_commit_and_nothing_to_keep(checkout: Path, tmp_path: Path) -> None:
    found = code_now()
    assert len(found.commit) == 40 and not found.modified and not found.diff and found.files
    keep(Store(str(tmp_path / "runs")), [])
    assert not (tmp_path / "runs").exists()


def test_changed_files_are_kept_once_under_the_name_that_records_give(checkout: Path, tmp_path: Path) -> None:
    (checkout / COMPUTES).write_text("two\n")
    found = code_now()
    assert found.modified
    for _ in range(2):
        keep(Store(str(tmp_path / "runs")), [])
    (file,) = (tmp_path / "runs/code").iterdir()
    assert f"code/{file.name}" == layout.code_changes(found.diff) and kept() == {COMPUTES: "two\n"}


def test_an_untracked_file_and_a_deleted_one_are_changes(checkout: Path) -> None:
    clean = code_now()
    (checkout / "workers/nets/mine.py").write_text("new\n")
    (checkout / "workers/nets/net.py").unlink()
    found = code_now()
    assert found.commit == clean.commit and found.modified and found.files != clean.files
    assert kept() == {"workers/nets/mine.py": "new\n", "workers/nets/net.py": ""}


@pytest.mark.parametrize("name", [".env", "workers/.env", "workers/id_rsa", "workers/key.pem", "secret.txt", "a.py"])
def test_nothing_but_source_of_this_program_is_kept(name: str, checkout: Path) -> None:
    (checkout / name).write_text("PASSWORD=hunter2\n")
    (checkout.parent / "secret.txt").write_text("new")
    (checkout / COMPUTES).write_text("two\n")
    assert kept() == {COMPUTES: "two\n"}


def test_a_link_is_not_followed(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2")
    (checkout / "workers/mine.py").symlink_to(tmp_path / "password")
    assert kept() == {"workers/mine.py": ""}


def test_what_is_too_large_is_named_and_not_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "LARGEST", 50)
    (checkout / COMPUTES).write_text("two\n" * 100)
    assert [*kept()] == ["LEFT_OUT.txt"] and kept()["LEFT_OUT.txt"].startswith(f"{COMPUTES}: 400 bytes, SHA-256 ")


def test_an_installed_program_has_no_commit_but_a_digest(program: Path) -> None:
    before = code_now()
    assert not before.commit and not before.modified and before.name == f"files {before.files[:8]}"
    (program / COMPUTES).write_text("two\n")
    assert code_now().files != before.files and not kept()


def test_a_foreign_repository_around_an_installed_program_is_not_its_own(program: Path) -> None:
    """As where an environment lies inside a checkout of something else, which ignores it or not."""
    (program.parent / "theirs.py").write_text("x")
    (program.parent / ".gitignore").write_text("program/\n")
    committed(program.parent)
    assert not code_now().commit and not kept()
    (program.parent / ".gitignore").write_text("")
    assert not code_now().commit


def test_no_variable_sends_git_to_another_repository(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, foreign = code_now(), tmp_path / "foreign"
    (foreign / COMPUTES).parent.mkdir(parents=True)
    (foreign / COMPUTES).write_text("theirs\n")
    committed(foreign)
    for variable, value in {"GIT_DIR": foreign / ".git", "GIT_WORK_TREE": foreign, "GIT_INDEX_FILE": "/none"}.items():
        monkeypatch.setenv(variable, str(value))
    assert code_now() == own


def test_settings_of_a_repository_run_nothing(checkout: Path, tmp_path: Path) -> None:
    script = tmp_path / "run-me"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager"):
        git(checkout, "config", key, str(script))
    (tmp_path / "ran").unlink(missing_ok=True)
    (checkout / COMPUTES).write_text("two\n")
    assert code_now().modified and not (tmp_path / "ran").exists()


def test_the_digest_is_of_what_computes(checkout: Path) -> None:
    before = code_now()
    (checkout / "orchestrator/cli.py").write_text("two\n")
    after = code_now()
    assert after.files == before.files and after.modified


def test_a_git_that_does_not_answer_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is too busy for it."""
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(provenance, "GIT_S", 0.1)
    found = code_now()
    assert found == Code(files=found.files) and found.files
    assert kept() == {}
    forget()
