"""Links, commands, sweep files, files, modules, tests and make targets that the documents name exist."""

import functools
import re
import shlex
from pathlib import Path

import docstring_parser
import pytest

from orchestrator import cli
from orchestrator.spec import expand, load
from tests.support.checkout import ROOT
from tests.support.stores.named_files import not_there
from tracking.common.program_sources import shipped_sweeps

MOST_PAGES = 12  # in a folder
TARGET = re.compile(r"(?:^    |`)make ([a-z-]+)", re.MULTILINE)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#]*)(?:#([^)]*))?\)")
COMMAND = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?(sweep (?:[a-z]+).*?)(?:\s+#.*)?$", re.MULTILINE)


def commands() -> list[str]:
    found = [m.group(1) for page in PAGES for m in COMMAND.finditer(page.read_text()) if "    " in m.group(0)]
    return sorted(set(found))


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = [(t, a) for t, a in LINK.findall(page.read_text()) if not t.startswith(("http://", "https://", "mailto:"))]
    missing = [target for target, _ in links if not (page.parent / target).exists()]
    anchors = [(t, a) for t, a in links if a and t not in missing]
    assert missing == []
    assert [a for t, a in anchors if a not in headings(page.parent / t if t else page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_line_of_a_table_has_its_columns(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, *lines = table.replace(r"\|", "").splitlines()
        assert [line for line in lines if line.count("|") != head.count("|")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_modules_and_targets_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    assert not_there(text) == []
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [name for name in TARGET.findall(text) if name not in targets] == []


@pytest.mark.parametrize("folder", sorted({p.parent for p in PAGES}), ids=lambda p: p.name)
def test_no_folder_has_too_many_pages(folder: Path) -> None:
    assert len(list(folder.glob("*.md"))) <= MOST_PAGES


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_page_is_reached_from_the_readme(page: Path) -> None:
    assert page in _reached(ROOT / "README.md")


@functools.cache
def _reached(start: Path) -> set[Path]:
    seen, left = set[Path](), [start]
    while left:
        page = left.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            left += [(page.parent / target).resolve() for target, _ in LINK.findall(page.read_text()) if target]
    return seen


def test_there_are_commands_to_check() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_commands_parse(command: str) -> None:
    cli.app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("name", [name for name in cli.app if not name.startswith("-")])
def test_every_command_has_help_and_is_in_the_readme(name: str) -> None:
    assert cli.app[name].help
    assert f"sweep {name}" in (ROOT / "README.md").read_text()


def test_the_readme_counts_the_sweeps_that_come_with_the_program() -> None:
    assert f"**{len(shipped_sweeps())} experiments to start from.**" in (ROOT / "README.md").read_text()


def test_the_readmes_sweep_reads_and_expands(tmp_path: Path) -> None:
    block = re.search(r"## A sweep file\n\n((?:    .*\n|\n)+)", (ROOT / "README.md").read_text())
    assert block
    text = "\n".join(line[4:] for line in block.group(1).splitlines())
    (tmp_path / "readme.yaml").write_text(text)
    assert len(expand.expand(load.read(str(tmp_path / "readme.yaml")))) == 85
    assert len(expand.expand(load.read(str(tmp_path / "readme.yaml"), "debug"))) == 6


@pytest.mark.parametrize("name", [name for name in cli.app if not name.startswith("-")])
def test_every_option_is_explained(name: str) -> None:
    """A docstring that the help cannot read would leave its options without a word."""
    command = cli.app[name].default_command
    assert command
    documented = {p.arg_name for p in docstring_parser.parse(command.__doc__ or "").params if p.description}
    for argument in cli.app[name].assemble_argument_collection():
        if argument.children:  # a group of options, each of which follows by itself
            continue
        assert argument.parameter.help or argument.field_info.name in documented, f"sweep {name} {argument.name}"


def test_every_claim_of_the_memo_is_judged_where_the_table_says() -> None:
    """C1 to C36, each by labels that the sweep has or by tests that exist; and no label of the memo's is left out."""
    page = (ROOT / "docs/experiments.md").read_text()
    lines = re.findall(r"^\| (C[\d, C]+) \| [^|]+ \| ([^|]+) \|$", page.split("## Every claim")[1], re.MULTILINE)
    numbers = [n for claims, _ in lines for n in claims.split(", ")]
    assert numbers == [f"C{i}" for i in range(1, 37)]
    named: set[tuple[str, str]] = set()
    for place in "; ".join(judged for _, judged in lines).split("; "):
        for file, function in re.findall(r"([\w/]*test_\w+\.py)::(\w+)", place):
            assert f"def {function}(" in _source(file)
        if "::" not in place:
            sweep, labels = place.split(": ", 1)
            known = {claim.label for claim in load.read(sweep).claims}
            mentioned = {label for label in known if label and label in labels}
            assert mentioned, f"{sweep} has no claim {labels}; it has {known}"
            named |= {(sweep, label) for label in mentioned}
    memo = [(s, c.label) for s in load.shipped_names() if s != "demo" for c in load.read(s).claims]
    assert [(s, label) for s, label in memo if re.match(r"C\d", label) and (s, label) not in named] == []


@pytest.mark.parametrize("page", [p for p in PAGES if "::test_" in p.read_text()], ids=lambda p: p.name)
def test_tests_that_are_named_exist(page: Path) -> None:
    named = sorted(set(re.findall(r"([\w/]*test_\w+\.py)::(test_\w+)", page.read_text())))
    missing = [f"{f}::{t}" for f, t in named if not re.search(rf"^def {t}\(", _source(f), re.MULTILINE)]
    assert named and not missing


def _source(file: str) -> str:
    path = ROOT / file
    return path.read_text() if path.exists() else ""


def test_the_trial_that_the_readme_shows_is_one_of_the_demo() -> None:
    (shown,) = set(re.findall(r"sweep (?:show|reproduce|export) ([0-9a-f]{4})\b", (ROOT / "README.md").read_text()))
    assert [t.id for t in expand.expand(load.read("demo")) if t.id.startswith(shown)] != []
