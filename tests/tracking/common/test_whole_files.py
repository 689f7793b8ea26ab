"""Files that are replaced whole: by several writers at once, by one that is killed, where they cannot be written."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracking.common import failpoints, unfinished_files
from tracking.common.whole_files import noting, replacing, state_of

WRITE = """
import sys
from pathlib import Path
from tracking.common.whole_files import replacing
path, letter, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for _ in range(times):
    with replacing(path) as (beside,):
        beside.write_text(letter * 100_000)
"""


def writer(path: Path, letter: str, times: int, fail: str = "") -> "subprocess.Popen[bytes]":
    environment = {**os.environ, failpoints.VARIABLE: fail}
    return subprocess.Popen([sys.executable, "-c", WRITE, str(path), letter, str(times)], env=environment)


def test_whoever_writes_at_once_readers_find_a_whole_file_of_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("." * 100_000)
    running = [writer(path, letter, 200) for letter in "abc"]
    while any(process.poll() is None for process in running):
        found = path.read_text()
        assert len(found) == 100_000 and len(set(found)) == 1
    assert [process.returncode for process in running] == [0] * 3
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_threads_of_one_process_do_not_write_the_same_unfinished_file(tmp_path: Path) -> None:
    def write_often(letter: str) -> None:
        for _ in range(100):
            with replacing(tmp_path / "file") as (beside,):
                beside.write_text(letter * 100_000)
            assert len(set((tmp_path / "file").read_text())) == 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_often, "abcdefgh"))
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_who_is_killed_leaves_the_former_file_and_what_it_left_is_deleted_when_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("former")
    assert writer(path, "x", 1, "file.written=kill@1").wait() == -signal.SIGKILL
    (left,) = (one for one in tmp_path.iterdir() if one != path)
    assert path.read_text() == "former"
    others = [tmp_path / name for name in ("file.tmp", "file.mine.tmp", "another.1.2.tmp")]
    for other in others:
        other.write_text("of somebody else")
        os.utime(other, (0, 0))
    assert writer(path, "y", 1).wait() == 0 and left.exists()  # it may still be written, by another machine
    os.utime(left, (0, 0))
    assert writer(path, "z", 1).wait() == 0
    assert sorted(tmp_path.iterdir()) == sorted([path, *others]) and set(path.read_text()) == {"z"}


def test_what_a_killed_process_with_the_same_ids_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """In containers every process may have the same id; a link of that name is not followed."""
    left = tmp_path / unfinished_files.of("file")
    left.symlink_to(tmp_path / "elsewhere")
    with replacing(tmp_path / "file") as (beside,), beside.open("x") as file:
        file.write("whole")
    assert [one.name for one in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "whole"


def test_an_error_names_the_file_that_was_to_be_written_and_leaves_the_former_one(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match=r"file'$") as refused, replacing(tmp_path / "file") as (beside,):
        beside.write_text("x")
    assert refused.value.filename == str(tmp_path / "file")
    with pytest.raises(FileNotFoundError, match=r"lacks/file'$"), replacing(tmp_path / "lacks/file") as (beside,):
        beside.write_text("x")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_files_are_noted_as_they_were_written(tmp_path: Path) -> None:
    with noting() as placed:
        with replacing(tmp_path / "a", tmp_path / "b") as (a, b):
            a.write_text("a")
            b.write_text("bb")
        mine = state_of(tmp_path / "a")
        assert writer(tmp_path / "a", "x", 1).wait() == 0
    with replacing(tmp_path / "c") as (c,):
        c.write_text("c")
    assert placed == {tmp_path / "a": mine, tmp_path / "b": state_of(tmp_path / "b")}
