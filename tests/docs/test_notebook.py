"""The guide for notebooks names every function of the API, with its parameters."""

import inspect
import re

from orchestrator import api
from tests.support.checkout import ROOT


def test_the_guide_has_the_functions_and_parameters_of_the_api() -> None:
    page = (ROOT / "docs/guides/notebook.md").read_text()
    described = dict(re.findall(r"^\| `(\w+)\(([^)]*)\)` \|", page, re.MULTILINE))
    functions = inspect.getmembers(api, lambda member: inspect.isfunction(member) and member.__module__ == api.__name__)
    public = {name: ", ".join(inspect.signature(f).parameters) for name, f in functions if not name.startswith("_")}
    assert described == public
