"""The guide for notebooks names every function of the interface, and its cells run in a real kernel."""

import inspect
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import sweeps
from tests.support.checkout import ROOT

PAGE = (ROOT / "docs/guides/notebook.md").read_text()
CELLS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_guide_has_the_functions_and_parameters_of_the_interface() -> None:
    described = dict(re.findall(r"^\| `(\w+)\(([^)]*)\)` \|", PAGE, re.MULTILINE))
    functions = dict(inspect.getmembers(sweeps, inspect.isfunction))
    assert described == {name: ", ".join(inspect.signature(f).parameters) for name, f in functions.items()}


@pytest.mark.slow
def test_its_cells_show_tables_and_pictures_in_a_kernel(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])
    done = NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in done.cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"execute_result"}, "nothing is printed, and nothing fails"
    shown = [output.data for output in outputs]
    assert sum("image/png" in data for data in shown) == 1
    pages = [data["text/html"] for data in shown if "text/html" in data]
    assert any("8 of 8 trials to run" in page for page in pages)
    assert any("C6 no_overfitting" in page and "Found: " in page for page in pages)
