"""Labels that are too long for their axes take two lines, and numbers beside each other do not meet."""

import pytest

from tracking.plotting.style.labels import in_two_lines


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("Test error", "Test error"),
        ("Training margin of the normalised network", "Training margin of\nthe normalised network"),
        (
            r"Distance from initialisation $\Vert W - W_0\Vert_F$",
            "Distance from\ninitialisation $\\Vert W - W_0\\Vert_F$",
        ),
        ("10th percentile of margins\n/ product of norms", "10th percentile of margins\n/ product of norms"),
        ("a" * 40, "a" * 40),
    ],
)
def test_a_long_label_is_broken_at_a_space_outside_of_formulas(label: str, lines: str) -> None:
    assert in_two_lines(label, 26) == lines


def test_a_short_axis_of_long_numbers_marks_round_ones() -> None:
    from matplotlib.figure import Figure

    from tracking.plotting.style.axes import log_x_ticks

    axes = Figure().add_subplot()
    axes.set_xscale("log")
    log_x_ticks(axes, [2.0, 4.0, 8.0])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "4", "8"]
    axes = Figure().add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(2e4, 4e6)
    log_x_ticks(axes, [24_674.0 * 2**i for i in range(8)])
    assert not {"24,674", "49,348"} & {label.get_text() for label in axes.get_xticklabels()}
