"""The live view of a launch: what it shows of what bundles report, on terminals of any kind."""

import pytest
from rich.console import Console

from orchestrator.execution import live_view
from orchestrator.execution.live_view import Launching
from orchestrator.terminal import console
from workers.bundle import Report, together
from workers.trial import Trial

SETTINGS = {
    "data": {"name": "digits", "train_size": 100}, "optimizer": {"name": "sgd", "batch_size": 20}, "epochs": 10,
}  # fmt: skip
BUNDLES = [
    together([Trial.of("network", {**SETTINGS, "net": {"name": "convnet", "width": w}, "seed": s}) for s in range(2)])
    for w in (2, 4)
]
FIRST, SECOND = BUNDLES


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    drawn = Console(force_terminal=True, width=80, record=True, stderr=True)
    monkeypatch.setattr(console, "console", drawn)
    return drawn


def test_bundles_at_work_are_shown_with_what_tells_them_apart(terminal: Console) -> None:
    view = Launching(BUNDLES)
    view(Report(FIRST.id, 5, {}, 500, 0.25, 0.7))
    view(Report(SECOND.id, -1, {}, 0))
    picture = view.picture()
    assert sorted(map(tuple, picture.rows)) == [("width 2", "2", "5/10", "0.250"), ("width 4", "2", "starting", "")]
    assert 0 < picture.done < 0.5
    view(Report(FIRST.id, 10, {t.id: "finished" for t in FIRST.trials}, 500, 0.1, 0.3))
    assert [row[0] for row in view.picture().rows] == ["width 4"]
    assert view.note().startswith("2/4 trials")


def test_a_diverged_trial_is_counted_by_its_name(terminal: Console) -> None:
    view = Launching(BUNDLES)
    view(Report(FIRST.id, 3, {FIRST.trials[0].id: "diverged"}, 60))
    assert "1/4 trials, 1 diverged" in view.note()


def test_the_curve_falls_as_the_error_does_and_fills_gaps(terminal: Console) -> None:
    view = Launching(BUNDLES)
    for step, error in ((0, 0.9), (5, 0.5), (10, 0.1)):
        view(Report(FIRST.id, step, {}, 100, error))
    (line,) = view.picture().lines
    before, drawing, after = line.removeprefix("mean train error ").split()
    bars = ["▁▂▃▄▅▆▇█".index(c) for c in drawing]
    assert (before, after) == ("0.9", "0.1")
    assert len(bars) == live_view.POINTS and bars == sorted(bars, reverse=True) and (bars[0], bars[-1]) == (7, 0)


@pytest.mark.parametrize("columns", [20, 40, 60])
def test_the_curve_keeps_its_ends_on_a_narrow_terminal(columns: int, terminal: Console) -> None:
    terminal.width = columns
    view = Launching(BUNDLES)
    for step in range(11):
        view(Report(FIRST.id, step, {}, 100, 1 - step / 16))
    (line,) = view.picture().lines
    before, drawing, after = line.removeprefix("mean train error ").split()
    assert (before, drawing[0], drawing[-1], after) == ("1", "█", "▁", "0.375")
    assert len(line) <= max(columns, live_view.BESIDE)


def test_failures_are_grouped_by_their_error_and_what_is_left_goes_on(terminal: Console) -> None:
    view = Launching(BUNDLES)
    view(Report(FIRST.id, 5, {}, 500, 0.25))
    halves = [together([t]) for t in FIRST.trials]
    view.begin(halves)
    assert view.picture().rows == [] and view.picture().done > 0
    view(Report(halves[0].id, 5, {}, 0, 0.25))
    assert view.picture().rows == [("width 2", "1", "5/10", "0.250")]
    for half in halves:
        view(Report(half.id, -1, {half.trials[0].id: "failed"}, 0, error="RuntimeError: broken"))
    assert view.picture().rows == [] and view.picture().lines[-1] == "2 failed: RuntimeError: broken"
    assert "2/4 trials, 2 failed" in view.note()
    view.begin([SECOND])
    view(Report(SECOND.id, 10, {t.id: "finished" for t in SECOND.trials}, 0))
    assert view.picture().done == pytest.approx(1.0)


def test_that_mlflow_is_behind_is_said(terminal: Console) -> None:
    assert Launching(BUNDLES, lambda: "3 trials (still sending)").picture().lines == [
        "MLflow is behind: 3 trials (still sending)"
    ]


@pytest.mark.parametrize(("encoding", "bars"), [("utf-8", "▁█"), ("ascii", "_#"), ("latin-1", "_#")])
def test_a_terminal_gets_only_what_it_can_show(encoding: str, bars: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Encoded(Console):
        @property
        def encoding(self) -> str:
            return encoding

    monkeypatch.setattr(console, "console", Encoded())
    drawing = console.curve([0.0, 1.0])
    assert drawing == bars
    drawing.encode(encoding)


def test_what_is_too_wide_is_cut_with_a_sign_of_it(terminal: Console) -> None:
    terminal.width = 30
    view = Launching(BUNDLES)
    with view:
        view(Report(FIRST.id, 5, {}, 500, 0.25, 0.7))
    shown = terminal.export_text()
    assert "…" in shown and max(map(len, shown.splitlines())) <= 30


def test_a_log_file_gets_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    view = Launching(BUNDLES)
    with view:
        for step in range(5):
            view(Report(FIRST.id, step, {}, 100, 0.5))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "0/4 trials" in said[0] and "\x1b" not in said[0]


def test_a_log_file_names_each_error_once(capsys: pytest.CaptureFixture[str]) -> None:
    view = Launching(BUNDLES)
    with view:
        for bundle in BUNDLES:
            view(Report(bundle.id, -1, {t.id: "failed" for t in bundle.trials}, 0, error="ValueError: no"))
    assert capsys.readouterr().err.count("failed: ValueError: no") == 1
