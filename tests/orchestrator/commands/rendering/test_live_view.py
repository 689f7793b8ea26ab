"""The live view of a launch: what it shows of what bundles report, on terminals of any kind."""

import pytest
from rich.console import Console

from orchestrator.commands.rendering.live_view import BESIDE, LiveView, picture
from orchestrator.execution.progress import POINTS, Progress
from orchestrator.terminal import console, live
from tests.support.networks.two_bundles import BUNDLES, FIRST, SECOND
from workers.bundle import Report, together


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    drawn = Console(force_terminal=True, width=80, record=True, stderr=True)
    monkeypatch.setattr(console, "console", drawn)
    return drawn


def test_bundles_at_work_are_shown_with_what_tells_them_apart(terminal: Console) -> None:
    progress = Progress(BUNDLES)
    progress.add(Report(FIRST.id, 5, {}, 500, 0.25, 0.7))
    progress.add(Report(SECOND.id, -1, {}, 0))
    now = picture(progress)
    assert sorted(map(tuple, now.rows)) == [("width 2", "2", "5/10", "0.250"), ("width 4", "2", "starting", "")]
    assert 0 < now.done < 0.5
    progress.add(Report(FIRST.id, 10, {t.id: "finished" for t in FIRST.trials}, 500, 0.1, 0.3))
    assert [row[0] for row in picture(progress).rows] == ["width 4"]
    assert progress.summary().startswith("2/4 trials")


def test_a_diverged_trial_is_counted_by_its_name(terminal: Console) -> None:
    progress = Progress(BUNDLES)
    progress.add(Report(FIRST.id, 3, {FIRST.trials[0].id: "diverged"}, 60))
    assert "1/4 trials, 1 diverged" in progress.summary()


def test_the_curve_falls_as_the_error_does_and_fills_gaps(terminal: Console) -> None:
    progress = Progress(BUNDLES)
    for step, error in ((0, 0.9), (5, 0.5), (10, 0.1)):
        progress.add(Report(FIRST.id, step, {}, 100, error))
    (line,) = picture(progress).lines
    before, drawing, after = line.removeprefix("mean train error ").split()
    bars = ["▁▂▃▄▅▆▇█".index(c) for c in drawing]
    assert (before, after) == ("0.9", "0.1")
    assert len(bars) == POINTS and bars == sorted(bars, reverse=True) and (bars[0], bars[-1]) == (7, 0)


@pytest.mark.parametrize("columns", [20, 40, 60])
def test_the_curve_keeps_its_ends_on_a_narrow_terminal(columns: int, terminal: Console) -> None:
    terminal.width = columns
    progress = Progress(BUNDLES)
    for step in range(11):
        progress.add(Report(FIRST.id, step, {}, 100, 1 - step / 16))
    (line,) = picture(progress).lines
    before, drawing, after = line.removeprefix("mean train error ").split()
    assert (before, drawing[0], drawing[-1], after) == ("1", "█", "▁", "0.375")
    assert len(line) <= max(columns, BESIDE)


def test_failures_are_grouped_by_their_error_and_what_is_left_goes_on(terminal: Console) -> None:
    progress = Progress(BUNDLES)
    progress.add(Report(FIRST.id, 5, {}, 500, 0.25))
    halves = [together([t]) for t in FIRST.trials]
    progress.next_round(halves)
    assert picture(progress).rows == [] and picture(progress).done > 0
    progress.add(Report(halves[0].id, 5, {}, 0, 0.25))
    assert picture(progress).rows == [("width 2", "1", "5/10", "0.250")]
    for half in halves:
        progress.add(Report(half.id, -1, {half.trials[0].id: "failed"}, 0, error="RuntimeError: broken"))
    assert picture(progress).rows == [] and picture(progress).lines[-1] == "2 failed: RuntimeError: broken"
    assert "2/4 trials, 2 failed" in progress.summary()
    progress.next_round([SECOND])
    progress.add(Report(SECOND.id, 10, {t.id: "finished" for t in SECOND.trials}, 0))
    assert picture(progress).done == pytest.approx(1.0)


def test_that_mlflow_is_behind_is_said(terminal: Console) -> None:
    assert picture(Progress(BUNDLES), "3 trials (still sending)").lines == [
        "MLflow is behind: 3 trials (still sending)"
    ]


@pytest.mark.parametrize(("encoding", "bars"), [("utf-8", "▁█"), ("ascii", "_#"), ("latin-1", "_#")])
def test_a_terminal_gets_only_what_it_can_show(encoding: str, bars: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Encoded(Console):
        @property
        def encoding(self) -> str:
            return encoding

    monkeypatch.setattr(console, "console", Encoded())
    drawing = live.sparkline([0.0, 1.0])
    assert drawing == bars
    drawing.encode(encoding)


def shown(reports: list[Report]) -> None:
    """Shows the reports of a launch as the command line does."""
    progress, view = Progress(BUNDLES), LiveView()
    with view.running(progress, str):
        for report in reports:
            progress.add(report)
            view.reported(report)


def test_what_is_too_wide_is_cut_with_a_sign_of_it(terminal: Console) -> None:
    terminal.width = 30
    shown([Report(FIRST.id, 5, {}, 500, 0.25, 0.7)])
    text = terminal.export_text()
    assert "…" in text and max(map(len, text.splitlines())) <= 30


def test_a_log_file_gets_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    shown([Report(FIRST.id, step, {}, 100, 0.5) for step in range(5)])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "0/4 trials" in lines[0] and "\x1b" not in lines[0]


def test_a_log_file_names_each_error_once(capsys: pytest.CaptureFixture[str]) -> None:
    failed = [
        Report(bundle.id, -1, {t.id: "failed" for t in bundle.trials}, 0, error="ValueError: no") for bundle in BUNDLES
    ]
    shown(failed)
    assert capsys.readouterr().err.count("failed: ValueError: no") == 1
