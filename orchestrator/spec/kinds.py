"""Every kind of file that a sweep file may name, and to which users may add files of their own."""

from collections.abc import Iterator
from typing import NamedTuple

from tracking.common.errors import Refused
from tracking.common.named_files.docstrings import first_line
from tracking.common.named_files.lookup import Place
from tracking.common.named_files.plugins import Kind
from tracking.verdicts.claim import CLAIMS
from workers.plugins import DATASETS, EXPERIMENTS, LOSSES, MEASURES, NETS, OPTIMIZERS, PERTURBATIONS, SCHEDULES

KINDS: tuple[Kind[object], ...] = (
    EXPERIMENTS, DATASETS, NETS, LOSSES, OPTIMIZERS, SCHEDULES, PERTURBATIONS, MEASURES, CLAIMS,
)  # fmt: skip


class Named(NamedTuple):
    """A file that a name may mean. problem: why the name cannot be used, as far as that is known without importing the
    file."""

    kind: Kind[object]
    name: str
    place: Place
    problem: str = ""

    @property
    def about(self) -> str:
        """The first line of its docstring."""
        return first_line(self.place.path)


def named() -> Iterator[Named]:
    """Every file that can be named, of this program, of the active files and of installed packages. Imports none."""
    for kind in KINDS:
        for name, places in kind.places().items():
            try:
                kind.place(name)
                problem = ""
            except Refused as error:
                problem = str(error)
            yield from (Named(kind, name, place, problem or place.problem()) for place in places)
