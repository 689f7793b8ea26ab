"""Compiled kernels are loaded only where nobody else can have written them."""

import os
import shutil
from pathlib import Path

import pytest

from workers.engines.cpu import library

pytestmark = pytest.mark.skipif(not library.usable(), reason="no compiled kernels here")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's kernels, which can be made untrustworthy."""
    shutil.copytree(library.FOLDER, tmp_path / "kernels")
    monkeypatch.setattr(library, "FOLDER", tmp_path / "kernels")
    assert library.built("baseline") and library.distrusted(library.path("baseline")) == ""
    return tmp_path / "kernels"


@pytest.mark.parametrize("how", ["writable", "writable folder", "writable by a group", "link", "another owner"])
def test_a_library_that_others_may_have_written_is_not_loaded(folder: Path, how: str) -> None:
    file = library.path("baseline")
    if how == "writable":
        file.chmod(0o757)
    if how == "writable folder":
        folder.chmod(0o777)
    if how == "writable by a group":
        _given(file, os.geteuid(), 12345)
        file.chmod(0o775)
    if how == "link":
        file.rename(folder / "elsewhere.so")
        file.symlink_to(folder / "elsewhere.so")
    if how == "another owner":
        _given(file, 12345, 12345)
    assert not library.built("baseline")
    assert str(folder) in library.distrusted(file)


def test_libraries_that_do_not_fit_their_sources_are_named(folder: Path) -> None:
    assert library.unusable() == {}
    (folder / "vectors.hpp").write_text("// edited, and not built")
    assert library.unusable() and set(library.unusable().values()) == {
        "was built from other sources, or for another machine"
    }
    assert {*library.unusable()} == {path.name for path in folder.glob("*.so")}


def _given(file: Path, user: int, group: int) -> None:
    if os.geteuid():
        pytest.skip("giving a file away needs root")
    os.chown(file, user, group)
