"""The report is complete, escapes what it is given, needs nothing from outside, and runs in a real browser."""

import base64
import hashlib
import itertools
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from tests.support.made_up.made_up_frames import SEEDS, WIDTHS, recorded
from tracking.analysis.frame import Frame, in_memory
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.claims import bounded, no_overfitting
from tracking.plotting.figures import Asked, Figures, NotDrawn, cells, draw, points
from tracking.plotting.kinds.panels import Panel
from tracking.plotting.style.labels import Caption
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.provenance import Code, DataUsed, Provenance, Spent
from tracking.report import assets, trials
from tracking.report.render import About, render
from tracking.verdicts.finding import Verdict

EVIL = "</script><script>document.title = 'stolen'</script><img src=x onerror=alert(1)>"
COMMAND = "sweep launch mine.yaml --set 'net.depth=3'"
ABOUT = About(EVIL, "Memo 90", f"notes & {EVIL}", "mine", COMMAND, f"title: {EVIL}")
COUNTS = {"trials": 4, "seeds": 2}
VERDICTS = [
    Verdict("no_overfitting", "holds", {"criterion": "small", "difference": 0.01, **COUNTS}, "No overfitting.", "C6"),
    Verdict("bounded", "fails", {"criterion": "large", "values": [1.0, 2.5], **COUNTS}, "Some overfitting.", "C7"),
    Verdict("bounded", "not enough data", {"reason": EVIL}, "At chance."),
]
CLAIMS = [
    no_overfitting.Settings(name="no_overfitting"),
    bounded.Settings(name="bounded", y="norm", high=1),
    bounded.Settings(name="bounded", y="error", split="test", high=1),
]
CURVES = [
    Curve(name="a", x="parameters", y="error", title=f"Error {EVIL}", at=["last", "best"]),
    Curve(name="steps", x="step", y="norm", y_scale="log"),
    Curve(name="arms", x="net.batch_norm", y="error", split="test"),
    Curve(name="scatter", x="parameters", y="error", split="test", points=True, group="net.batch_norm"),
]
HEATMAP = Heatmap(name="heat", x="net.width", y="step", z="error", split="test", group="net.batch_norm")
PANEL = Panel(name="side_by_side", curves=tuple(curve.name for curve in CURVES[:2]))
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

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.texts).split())


class Made(NamedTuple):
    """A report, and what it is made of. folder: where its figures and tables are."""

    frame: Frame
    figures: Figures
    folder: Path
    html: str


def about_trials(frame: Frame) -> list[TrialRecord]:
    """Two bundles, of which the second began before the first had ended."""
    versions = (("python", "3.11"), ("torch", "2.9"))
    spent = Spent(60, 30, 9)
    by = Provenance(Code("abc123"), versions, "cpu: Example", "secret-host", "fused", DataUsed("f00d"), spent)
    clocks = {"one": (1_700_000_000_000, 40_000), "two": (1_700_000_020_000, 80_000)}
    return [
        TrialRecord(id, "c", "network", {}, bundle, "finished", 1, "", 1, start, ((1, start + took),), (by,))
        for i, id in enumerate(frame.trials.index)
        for bundle, (start, took) in [list(clocks.items())[i % 2]]
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    found = recorded(
        {"net.batch_norm": [True, False], "net.width": list(WIDTHS)}, states={(0, 0): "diverged", (1, 1): "missing"}
    )
    folder = tmp_path_factory.mktemp("figures")
    drawn = draw(
        Asked(
            points(found, CURVES, VARIED), cells(found, [HEATMAP], VARIED), [PANEL], [], found,
            lambda where: Caption(EVIL, "Memo 90", "digits", "epoch"),
        ),
        folder,
    )  # fmt: skip
    figures = replace(drawn, failed=(NotDrawn("b", f"no such setting {EVIL}"),))
    table = trials.trials(found)
    (folder / "trials.csv").write_text(trials.as_csv(table))
    html = render(ABOUT, found, about_trials(found), figures, VERDICTS, CLAIMS, table)
    (folder / "report.html").write_text(html, "utf-8")
    return Made(found, figures, folder, html)


@pytest.fixture(scope="module")
def page(made: Made) -> Page:
    return Page(made.html)


def charts(html: str) -> dict[str, Any]:
    """The data of the page's charts, as its script reads them."""
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', html, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_every_trial_cell_and_verdict_is_there(made: Made, page: Page) -> None:
    for id, state in made.frame.trials["state"].items():
        assert str(id) in page.said and state in page.said
    assert sum(row.get("class") == "missing" for row in page.every("td")) >= 1
    for said in ("✓ holds", "✗ fails", "? not enough data", "No overfitting.", "0.01", "1, 2.5", "abc123", "f00d"):
        assert said in page.said
    assert COMMAND in page.said and "This sweep is not complete" in page.said


def test_when_for_how_long_on_what_and_by_what_it_was_computed(page: Page) -> None:
    for said in ("14 November 2023, 22:13 to 22:15 UTC", "1 min 40 s", "180 s (120 s training, 60 s evaluation)",
                 "cpu: Example", "python 3.11, torch 2.9"):  # fmt: skip
        assert said in page.said
    assert "secret-host" not in page.said


def test_no_text_becomes_markup(made: Made, page: Page) -> None:
    assert len(page.every("script")) == 1 + len(assets.scripts())
    assert EVIL in "".join(page.texts)
    assert not [image for image in page.every("img") if not str(image["src"]).startswith("data:image/")]
    assert charts(made.html)["a"]["title"] == f"Error {EVIL}"


def test_nothing_is_fetched(made: Made, page: Page) -> None:
    """No element names a place on the network, and the page's own policy forbids it whatever an element names."""
    loading = [a[key] for _, a in page.elements for key in ("src", "href", "srcset", "data") if a.get(key)]
    assert {str(where).split(",")[0].split("#")[0] for where in loading} == {
        "", "curves.csv", "data:image/svg+xml;base64"
    } - ({"curves.csv"} if "curves.csv" not in loading else set())  # fmt: skip
    policy = str(page.every("meta")[1]["content"])
    assert "default-src 'none'" in policy and "http" not in policy
    for script in assets.scripts():
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
        assert f"<script>{script}</script>" in made.html
    assert not re.search(r"url\((?!data:|#)", made.html.split("<script", 1)[0])


def test_what_it_brings_along_is_what_its_table_says_and_stays_small() -> None:
    folder = assets.FOLDER / "assets"
    listed = dict(re.findall(r"\| `([^`]+)` \|.*`([0-9a-f]{64})` \|", (folder / "README.md").read_text()))
    there = {path.name for path in folder.iterdir() if path.suffix in (".js", ".woff2")}
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert sum(path.stat().st_size for path in folder.iterdir()) < 600_000


def test_the_lines_of_the_charts_are_those_of_the_csv(made: Made) -> None:
    csv, drawn = pd.read_csv(made.folder / "curves.csv", keep_default_na=False), charts(made.html)
    for curve in CURVES:
        of_it = csv[(csv["curve"] == curve.name) & (csv["x"] != "")]  # a trial without an x has no place
        for line in drawn[curve.name]["lines"]:
            part = of_it[of_it["line"] == line["name"]]
            for column in ("centre", "low", "high"):
                there = pd.to_numeric(part[column]).to_numpy()
                shown = np.array(line[column] or [np.nan] * len(part), float)
                np.testing.assert_allclose(shown, there, rtol=1e-6)
            assert line["n"] == part["n"].tolist()
        assert [line["name"] for line in drawn[curve.name]["lines"]] == list(dict.fromkeys(of_it["line"]))
    heat = csv[(csv["curve"] == "heat") & (csv["centre"] != "")]
    shown = [cell["z"] for sheet in drawn["heat"]["sheets"] for cell in sheet["cells"] if cell["z"] is not None]
    assert sorted(shown) == pytest.approx(sorted(pd.to_numeric(heat["centre"])))


def test_each_figure_has_words_a_title_of_its_own_and_the_verdicts_about_it(made: Made, page: Page) -> None:
    alternatives = [str(image["alt"]) for image in page.every("img")]
    assert len(alternatives) == len(made.figures.files) and alternatives[0].startswith("Error")
    for line in made.figures.table.query("curve == 'steps'")["line"].unique():
        assert f"{line}: " in alternatives[1]
    assert {"Test error against batch norm", "Test error over width and epoch"} <= set(page.texts)
    assert {"#figure-a", "#figure-steps", "#claim-1", "#claim-2"} <= {str(a["href"]) for a in page.every("a")}


def test_pictures_follow_a_dark_page_and_keep_their_text(page: Page) -> None:
    for image in page.every("img"):
        svg = base64.b64decode(str(image["src"]).partition(",")[2]).decode()
        assert "prefers-color-scheme: dark" in svg and "</text>" in svg and "@font-face" in svg


def test_trials_end_with_their_error_and_what_is_empty_is_left_out(made: Made) -> None:
    table = trials.trials(made.frame)
    shown, ends = trials.shown(table), made.frame.rows.query("measure == 'error' and step == 3")
    assert shown.header == [
        "id",
        "net.batch_norm",
        "net.width",
        "seed",
        "test error",
        "training error",
        "state",
        "step",
    ]
    for split, column in (("test", "test error"), ("train", "training error")):
        there = ends[ends["split"] == split].set_index("trial")["value"]
        assert table[column].dropna().to_dict() == there.astype(float).to_dict()
    written = pd.read_csv(made.folder / "trials.csv", index_col="trial")
    assert written["test error"].dropna().tolist() == table["test error"].dropna().tolist()


def test_a_long_table_is_cut_and_says_where_the_rest_is(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MOST_SHOWN", 4)
    shown = trials.shown(trials.trials(made.frame))
    assert len(shown.lines) == 4 and shown.left_out == 6 * SEEDS - 4
    figures = Figures((), made.figures.table.head(0), ())
    said = Page(render(ABOUT, made.frame, [], figures, [], [], trials.trials(made.frame))).said
    assert "The first 4 trials; the other 26 are in trials.csv beside this file." in said


def test_a_figure_that_could_not_be_drawn_is_named_with_the_reason(page: Page) -> None:
    assert "✗ b is not drawn:" in page.said and "no such setting" in page.said


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_nothing_recorded_is_a_report_too(made: Made) -> None:
    empty = Frame(made.frame.trials.assign(state="missing"), in_memory(made.frame.rows.head(0)))
    figures = Figures((), made.figures.table.head(0), ())
    said = Page(render(ABOUT, empty, [], figures, [], [], trials.trials(empty))).texts
    assert "Nothing is recorded yet." in said and "Nothing is drawn yet." in said
    assert "This sweep makes no claims." in said


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_draws_switches_sorts_and_filters_without_an_error(made: Made, tmp_path: Path) -> None:
    """The page's own script, driven by a second one that is added for the test and writes down what it sees."""
    drive = """
    const drawn = [...document.querySelectorAll(".chart")].filter(c => c.querySelector("svg")).length;
    const figure = document.getElementById("figure-steps"), button = figure.querySelector(".key button");
    const paths = () => figure.querySelectorAll(".chart g[aria-label=line] path").length;
    const before = paths(); button.click(); const hidden = before - paths();
    const off = button.getAttribute("aria-pressed"); button.click();
    const table = document.getElementById("trial-table");
    const shown = () => [...table.tBodies[0].rows].filter(r => !r.hidden);
    table.tHead.querySelectorAll("button")[3].click(); table.tHead.querySelectorAll("button")[3].click();
    const seeds = shown().map(r => Number(r.cells[3].textContent));
    const field = document.querySelector("input[type=search]");
    field.value = "DIVERGED"; field.dispatchEvent(new Event("input"));
    const sorted = seeds.every((s, i) => !i || seeds[i - 1] >= s);
    const panel = document.getElementById("figure-side_by_side"), own = () => panel.querySelectorAll(".chart svg");
    const [apart, keys] = [own().length, panel.querySelectorAll(".key").length];
    panel.querySelector(".key button").click();
    const headings = [...panel.querySelectorAll("h4")].map(h => h.textContent.slice(0, 3)).join("");
    const picture = getComputedStyle(panel.querySelector("img")).display;
    const panels = `${keys} ${headings} ${own().length === apart && apart > 2} ${picture}`;
    document.title = `${drawn} ${hidden > 0} ${off} ${before === paths()} ${sorted} ${shown().length} ${panels}`;
    """
    allowed = base64.b64encode(hashlib.sha256(drive.encode()).digest()).decode()
    whole = made.html.replace("script-src ", f"script-src 'sha256-{allowed}' ", 1)
    path = tmp_path / "report.html"
    path.write_text(whole.replace("</body>", f"<script>{drive}</script></body>"), "utf-8")
    assert BROWSER
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run([*command, f"--user-data-dir={tmp_path}/profile", path.as_uri()], capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert "CONSOLE" not in done.stderr
    assert "<title>6 true false true true 1 2 (a)(b) true none</title>" in done.stdout
