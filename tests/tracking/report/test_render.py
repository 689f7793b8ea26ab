"""The report is complete, escapes what it is given, needs nothing from outside, and runs in a real browser."""

import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.support.made_up.made_up_frames import WIDTHS, recorded
from tracking.analysis.aggregate import aggregate, single
from tracking.analysis.frame import Frame, in_memory
from tracking.analysis.specs.curve_spec import Curve
from tracking.plotting.curve_figure import figure
from tracking.plotting.figures import Figures, NotDrawn
from tracking.plotting.labels import Caption
from tracking.plotting.save import save
from tracking.records.manifest import TrialRecord
from tracking.records.provenance import Code, DataUsed, Provenance
from tracking.report.render import About, render
from tracking.verdicts.verify import Verdict

EVIL = "<script>document.title = 'stolen'</script>"
COMMAND = "sweep launch mine.yaml --set 'net.depth=3'"
ABOUT = About(EVIL, "Memo 90", f"notes & {EVIL}", "mine", COMMAND, f"title: {EVIL}")
COUNTS = {"trials": 4, "seeds": 2}
VERDICTS = [
    Verdict("no_overfitting", "holds", {"criterion": "small", "difference": 0.01, **COUNTS}, "No overfitting.", "C6"),
    Verdict(
        "risk_overfits", "fails", {"criterion": "large", "values": [1.0, 2.5], **COUNTS}, "Some overfitting.", "C7"
    ),
    Verdict("chance_error", "not enough data", {"reason": EVIL}, "At chance."),
]
CURVE = Curve(name="a", x="parameters", y="error")
VARIED = ["net.batch_norm", "net.width"]
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


class Page(HTMLParser):
    """What a reader meets: elements with their attributes, and texts outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in ("script", "style"):
            self.texts.append(data)

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frame, Figures]:
    found = recorded(
        {"net.batch_norm": [True, False], "net.width": list(WIDTHS)}, states={(0, 0): "diverged", (1, 1): "missing"}
    )
    table, seeds = aggregate(found, CURVE, VARIED), single(found, CURVE, VARIED)
    caption, folder = Caption("Error", "", "digits"), tmp_path_factory.mktemp("figures")
    files = save(lambda: figure(CURVE, table, seeds, caption), folder, "a")
    return found, Figures(({"name": "a", **files},), table, (NotDrawn("b", f"no such setting {EVIL}"),))


def html(sweep: Any, verdicts: list[Verdict] = VERDICTS) -> str:
    found, figures = sweep
    about = (Provenance(Code("abc123"), data=DataUsed("f00d")),)
    origins = [
        TrialRecord(id, "c", "network", {}, "b", "finished", 1, "", 1, 0, (), about) for id in found.trials.index
    ]
    return render(ABOUT, found, origins, figures, verdicts)


def test_every_trial_cell_and_verdict_is_there(sweep: Any) -> None:
    page, found = Page(html(sweep)), sweep[0]
    text = " ".join(page.texts)
    for id, state in found.trials["state"].items():
        assert str(id) in text
        assert state in text
    assert sum(row.get("class") == "missing" for row in page.every("td")) >= 2  # the cells that are not complete
    for said in ("✓ holds", "✗ fails", "? not enough data", "No overfitting.", "0.01", "1, 2.5", "abc123", "f00d"):
        assert said in text
    assert COMMAND in text


def test_no_text_becomes_markup(sweep: Any) -> None:
    page = Page(html(sweep))
    assert len(page.every("script")) == 1
    assert EVIL in "".join(page.texts)


def test_nothing_is_fetched_and_the_figure_has_words(sweep: Any) -> None:
    whole = html(sweep)
    images = Page(whole).every("img")
    assert [str(image["src"]).split(",")[0] for image in images] == ["data:image/svg+xml;base64"]
    alternative = str(images[0]["alt"])
    assert all(f"{line}: " in alternative for line in sweep[1].table["line"].unique())
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", whole)


def test_a_figure_that_could_not_be_drawn_is_named_with_the_reason(sweep: Any) -> None:
    said = " ".join("".join(Page(html(sweep)).texts).split())
    assert "✗ b is not drawn:" in said and "no such setting" in said


def test_headings_go_down_one_level_at_a_time(sweep: Any) -> None:
    levels = [int(tag[1]) for tag, _ in Page(html(sweep)).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_nothing_recorded_is_a_report_too(sweep: Any) -> None:
    empty = Frame(sweep[0].trials.assign(state="missing"), in_memory(sweep[0].rows.head(0)))
    page = Page(render(ABOUT, empty, [], Figures((), sweep[1].table.head(0), ()), []))
    assert "Nothing is recorded yet." in page.texts
    assert "This sweep makes no claims." in page.texts


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_sorts_and_filters_without_an_error(sweep: Any, tmp_path: Path) -> None:
    """The page's own script, driven by a second one that is added for the test and writes down what it sees."""
    drive = """<script>
    const table = document.getElementById("trial-table");
    const shown = () => [...table.tBodies[0].rows].filter(r => !r.hidden);
    table.tHead.querySelectorAll("button")[3].click(); table.tHead.querySelectorAll("button")[3].click();
    const seeds = shown().map(r => Number(r.cells[3].textContent));
    const field = document.querySelector("input[type=search]");
    field.value = "DIVERGED"; field.dispatchEvent(new Event("input"));
    document.title = `${seeds.every((s, i) => !i || seeds[i - 1] >= s)} ${shown().length}`;
    </script>"""
    path = tmp_path / "report.html"
    path.write_text(html(sweep).replace("</body>", drive + "</body>"), "utf-8")
    assert BROWSER
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run([*command, f"--user-data-dir={tmp_path}/profile", path.as_uri()], capture_output=True,
                          text=True, timeout=120, check=True)  # fmt: skip
    assert "CONSOLE" not in done.stderr
    assert "<title>true 1</title>" in done.stdout
