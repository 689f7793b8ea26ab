"""`sweep --version`, and the version that CITATION.cff gives."""

import importlib.metadata
import subprocess
import tomllib

import pytest
import yaml

from orchestrator import cli
from tests.support.checkout import ROOT

REQUIRED = {"cff-version", "message", "title", "authors"}  # by version 1.2.0 of the format


def test_it_says_version_and_commit(capsys: pytest.CaptureFixture[str]) -> None:
    cli.app(["--version"], result_action="return_value")
    number, *rest = capsys.readouterr().out.strip().split(", ")
    assert number == importlib.metadata.version("sweep")
    asked = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    assert rest[:1] == ([f"commit {commit[:10]}"] if commit else [])


def test_the_citation_file_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert cited.keys() >= REQUIRED and str(cited["version"]) == project["version"]
    assert all(reference.keys() >= {"type", "title", "authors"} for reference in cited["references"])
