"""What the interface returns besides tables, with the form in which a notebook shows it."""

import io
from typing import TYPE_CHECKING

from tracking.common import html
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Verdicts(tuple[Verdict, ...]):
    """The verdicts of a sweep, in the order of its claims; a notebook shows why each is so."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(f"{v.label or v.name}: {v.verdict}. {v.statement} {sentence(v)}" for v in self)

    def _repr_html_(self) -> str:
        lines = [(f"{v.label} {v.name}".strip(), v.verdict, v.statement, sentence(v)) for v in self]
        return html.table(("claim", "verdict", "statement", "why"), lines)


class Picture:
    """A figure. A notebook shows it, with no further line; `figure` is Matplotlib's, to be changed and saved."""

    def __init__(self, figure: "Figure") -> None:
        self.figure = figure

    @property
    def axes(self) -> "list[Axes]":
        """Matplotlib's axes."""
        return self.figure.axes

    def save(self, path: str) -> None:
        """Writes it as PNG, SVG or PDF, by the ending of the path."""
        import matplotlib

        from tracking.plotting.style.style import style

        with matplotlib.rc_context(style()):  # text stays text in SVG and PDF
            self.figure.savefig(path)

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=144)
        return out.getvalue()
