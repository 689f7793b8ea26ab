"""Files beside a sweep file: how they are read, imported and named, and that nothing else is imported."""

import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.user_files import RAISES
from tracking.common.errors import BadPlugin, Refused
from tracking.common.named_files.plugins import Kind
from tracking.common.named_files.sources import sources
from tracking.common.named_files.user_files import NONE, UserFiles, current, within


class Area(Protocol):
    def area(self) -> float:
        """How much it covers."""


NETS = Kind("net", "workers.nets", Area)


def written(folder: Path, files: dict[str, str]) -> UserFiles:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return UserFiles.beside(folder / "mine.yaml")


def refused(files: UserFiles, name: str, error: type[Refused] = BadPlugin) -> str:
    with files.active(), pytest.raises(error) as caught:
        NETS.load(name)
    return str(caught.value)


def test_names_are_those_of_the_program_and_of_the_folder(tmp_path: Path) -> None:
    files = written(tmp_path, {"nets/mine.py": "", "nets/_helper.py": "", "nets/de-ep.py": "", "losses/other.py": ""})
    shipped = NETS.names()
    with files.active():
        assert NETS.names() == tuple(sorted((*shipped, "mine"))) and NETS.shipped() == shipped
    assert NETS.names() == shipped and current() == NONE


def test_a_file_imports_from_its_own_folder_and_from_others_beside_it(tmp_path: Path) -> None:
    text = "from . import _one\nfrom ._one import ONE\nfrom .deep.two import TWO\nfrom ..losses.three import THREE\n"
    files = written(
        tmp_path,
        {
            "nets/mine.py": text + "def area(): return _one.ONE + ONE + TWO + THREE",
            "nets/_one.py": "ONE = 1",
            "nets/deep/__init__.py": "",
            "nets/deep/two.py": "TWO = 2",
            "losses/three.py": "THREE = 3",
        },
    )
    before = list(sys.path)
    with files.active():
        assert NETS.load("mine").area() == 7
    assert sys.path == before and not {"nets", "_one", "losses"} & set(sys.modules)


def test_only_what_is_named_is_imported(tmp_path: Path) -> None:
    files = written(tmp_path, {"nets/mine.py": "def area(): return 1", "nets/bad.py": RAISES, "losses/bad.py": RAISES})
    with files.active():
        assert NETS.load("mine").area() == 1 and "bad" in NETS.names() and NETS.about("bad") == ""
    assert [name for name in sys.modules if name.startswith(files.package)] == [
        files.package, f"{files.package}.nets", f"{files.package}.nets.mine",
    ]  # fmt: skip


def test_two_folders_and_two_versions_of_a_file_live_side_by_side(tmp_path: Path) -> None:
    one = written(tmp_path / "one", {"nets/mine.py": "def area(): return 1"})
    two = written(tmp_path / "two", {"nets/mine.py": "def area(): return 2"})
    edited = written(tmp_path / "one", {"nets/mine.py": "def area(): return 3"})
    found = []
    for files in (one, two, edited, one):
        with files.active():
            found.append(NETS.load("mine").area())
    assert found == [1, 2, 3, 1]


def test_a_name_that_exists_twice_is_refused_with_both_paths(tmp_path: Path) -> None:
    said = refused(written(tmp_path, {"nets/convnet.py": RAISES}), "convnet", Refused)
    assert "net 'convnet' exists more than once" in said and str(tmp_path / "nets/convnet.py") in said
    assert said.count("convnet.py") == 2 and "rename one of them" in said


def test_a_file_and_a_package_of_one_name_are_refused(tmp_path: Path) -> None:
    said = refused(written(tmp_path, {"nets/mine.py": RAISES, "nets/mine/__init__.py": RAISES}), "mine", Refused)
    assert f"{tmp_path}/nets/mine/__init__.py and {tmp_path}/nets/mine.py" in said


def test_an_unknown_name_says_where_its_file_could_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = written(tmp_path / "exp", {"nets/mine.py": ""})
    said = refused(files, "unheard_of", Refused)
    assert "unknown net 'unheard_of'" in said
    assert said.endswith(f"; one of yours would be {tmp_path}/exp/nets/unheard_of.py")
    monkeypatch.chdir(tmp_path)
    assert refused(files, "unheard_of", Refused).endswith("one of yours would be exp/nets/unheard_of.py")
    assert "yours" not in refused(files, "../mlp", Refused) and "yours" not in refused(NONE, "unheard_of", Refused)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\nimport nothing_of_this_name\n", "mine.py:2: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def f():\n    return 1 / 0\nx = 1\nf()\n", "mine.py:2: ZeroDivisionError: division by zero"),
        ("x = (\n", "mine.py:1: SyntaxError: '(' was never closed"),
        ("from ._helper import NO\n", "mine.py:1: ImportError: cannot import name 'NO'"),
        ("from . import _bad\n", "_bad.py:3: ValueError: seven"),
        ("import sys\nsys.exit(3)\n", "mine.py:2: SystemExit: 3"),
        ("import _helper\n", "_helper.py is found by `from . import _helper`"),
        ("from nets._helper import NO\n", "No module named 'nets'; files beside a sweep import each other relatively"),
        (
            "import beside\n",
            "beside.py is in no folder of a kind: as nets/_beside.py it is found by `from ..nets import",
        ),
        ("from ..beside import NO\n", "No module named '..beside'; beside.py is in no folder of a kind"),
        ("\0", "mine.py"),
        ("area = 3", "has area = 3, expected area()"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    files = {
        "nets/mine.py": text,
        "beside.py": "",
        "nets/_helper.py": "",
        "nets/_bad.py": "\n\nraise ValueError('seven')",
    }
    said = refused(written(tmp_path, files), "mine")
    assert "net 'mine'" in said and says in said and str(tmp_path / "nets") in said and "\n" not in said


def test_a_file_that_fails_is_tried_again_when_the_folder_is_read_again(tmp_path: Path) -> None:
    text = f"import pathlib\nassert pathlib.Path({str(tmp_path / 'there')!r}).exists()\ndef area(): return 1"
    files = written(tmp_path, {"nets/mine.py": text})
    assert refused(files, "mine") == refused(files, "mine")
    (tmp_path / "there").touch()
    with UserFiles.of_folder(tmp_path).active():
        assert NETS.load("mine").area() == 1


def test_another_process_imports_what_was_read_and_not_what_the_file_holds_now(tmp_path: Path) -> None:
    files = written(
        tmp_path, {"nets/mine.py": "from ._two import f\ndef area(): return f()", "nets/_two.py": "def f(): return 2"}
    )
    with files.active():
        pickled = pickle.dumps((files, NETS.load("mine").area))
    for name in files.sources:
        (tmp_path / name).unlink()
    code = "import pickle, sys; files, area = pickle.load(sys.stdin.buffer); print(area())"
    done = subprocess.run([sys.executable, "-c", code], input=pickled, capture_output=True, check=True)
    assert done.stdout == b"2\n"


def test_the_lines_of_a_file_that_is_gone_are_in_a_traceback(tmp_path: Path) -> None:
    files = written(tmp_path, {"nets/mine.py": "def area():\n    return 1 / 0  # here\n"})
    (tmp_path / "nets/mine.py").unlink()
    with files.active():
        try:
            NETS.load("mine").area()
        except ZeroDivisionError:
            assert "return 1 / 0  # here" in traceback.format_exc()


def test_sources_are_what_a_module_consists_of(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        {
            "nets/mine.py": "from . import _one\nimport math\ndef area():\n    from ..losses import late\n    return 1",
            "nets/_one.py": "from .deep import two",
            "nets/deep/__init__.py": "from tracking.common import errors",
            "nets/deep/two.py": "",
            "nets/unrelated.py": "",
            "losses/late.py": "x = (",
        },
    )
    with files.active():
        found = sources(NETS.find("mine"))
    assert [source.name for source in found] == [
        "losses/late.py", "nets/_one.py", "nets/deep/__init__.py", "nets/deep/two.py", "nets/mine.py",
    ]  # fmt: skip
    assert found[-1].path == tmp_path / "nets/mine.py" and found[-1].content == files.sources["nets/mine.py"]
    assert sources(NETS.find("convnet")) == ()


def test_folders_that_hold_data_are_not_searched_and_this_program_is_not_beside_itself(tmp_path: Path) -> None:
    files = written(tmp_path, {"data/raw/prepare.py": RAISES, "data/mine.py": "", "data/.#lock.py": "", "nets": ""})
    assert list(files.sources) == ["data/mine.py"]
    import workers

    assert not UserFiles.beside(Path(workers.__file__).parent / "mine.yaml").sources


def test_files_are_equal_where_folder_and_content_are(tmp_path: Path) -> None:
    one, two = written(tmp_path / "a", {"nets/mine.py": "x"}), written(tmp_path / "b", {"nets/mine.py": "x"})
    assert one == UserFiles.of_folder(tmp_path / "a") and hash(one) == hash(UserFiles.of_folder(tmp_path / "a"))
    assert one != two and one.digest == two.digest
    assert one != written(tmp_path / "a", {"nets/mine.py": "y"})


def test_files_are_active_in_the_steps_of_a_generator_and_not_between_them(tmp_path: Path) -> None:
    files, seen = written(tmp_path, {"nets/mine.py": ""}), []

    def steps() -> Iterator[int]:
        try:
            for i in range(3):
                seen.append(current())
                yield i
        finally:
            seen.append(current())

    running = within(files, steps())
    assert next(running) == 0 and current() == NONE and next(running) == 1
    running.close()
    assert seen == [files] * 3 and current() == NONE and list(within(files, iter([1, 2]))) == [1, 2]
