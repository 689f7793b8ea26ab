"""The look of all figures: colours, sizes and Matplotlib's settings."""

from typing import Any

from tracking.plotting.style import fonts

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito, 2008
ON_DARK = ("#4aa8e0", "#ff8a3d", "#2cc295", "#e58fc0", "#f0b429", "#8ecbf2", "#e6edf3")  # the same on a dark page
INK, GREY, RULE, PAPER = "#1b1f24", "#57606a", "#e4e7ea", "#ffffff"  # text and axes, notes, grid, background
Arguments = dict[str, Any]  # of Matplotlib's functions, by name
TITLE, SUBTITLE, PANEL_TITLE, NOTE = 11.0, 9.0, 9.5, 7.3  # points


def style() -> dict[str, object]:
    """Matplotlib's settings for every figure; for `matplotlib.rc_context`."""
    fonts.register()
    return {
        "font.family": [fonts.FAMILY, "sans-serif"],
        "font.sans-serif": [*fonts.ALTERNATIVES, fonts.GLYPHS],
        "font.size": 9.0,
        "text.color": INK,
        "axes.labelsize": 9.5,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.7,
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.formatter.use_mathtext": True,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "mathtext.fontset": "custom",
        "mathtext.rm": fonts.FAMILY,
        "mathtext.it": f"{fonts.FAMILY}:italic",
        "mathtext.bf": f"{fonts.FAMILY}:bold",
        "mathtext.cal": fonts.FAMILY,  # no formula here uses it; the default names fonts that few machines have
        "mathtext.fallback": "stixsans",
        "legend.frameon": False,
        "legend.fontsize": 9.0,
        "legend.handlelength": 2.0,
        "legend.handletextpad": 0.6,
        "legend.columnspacing": 1.8,
        "legend.labelspacing": 0.35,
        "lines.solid_capstyle": "round",
        "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
        "svg.hashsalt": "sweep",
        "pdf.fonttype": 42,  # TrueType: text stays text, and journals take it
        "path.simplify": True,
    }
