"""The look of all figures: colours, sizes and Matplotlib's settings."""

from typing import Any

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito, 2008
GREY = "#5f5f5f"
Arguments = dict[str, Any]  # of Matplotlib's functions, by name
TITLE, PANEL_TITLE, NOTE = 9.5, 8.5, 6.3  # points


def style() -> dict[str, object]:
    """Matplotlib's settings for every figure; for `matplotlib.rc_context`."""
    return {
        "font.family": "sans-serif",  # DejaVu Sans, and in SVG whatever the reader has where that is missing
        "font.size": 8.0,
        "axes.labelsize": 8.5,
        "axes.linewidth": 0.7,
        "axes.edgecolor": "#333333",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.5,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "mathtext.fontset": "dejavusans",
        "axes.formatter.use_mathtext": True,
        "legend.frameon": False,
        "legend.fontsize": 7.5,
        "legend.handlelength": 2.2,
        "legend.columnspacing": 1.6,
        "legend.labelspacing": 0.35,
        "lines.solid_capstyle": "round",
        "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
        "svg.hashsalt": "sweep",
        "path.simplify": True,
    }
