"""Collects what is wrong with a sweep file: each problem once, and no more of them than can be read."""

from collections.abc import Iterable, Iterator

from tracking.common.errors import BadSweep

MAX_SHOWN = 40


class Problems:
    """What is wrong, in the order in which it was found. True where anything is, added or not.

    refused: problems that are known and are not among these. Whatever is found at their places follows from them: it is
    wrong, but it is not said.
    """

    def __init__(self, refused: Iterable[str] = ()) -> None:
        self._found: dict[str, str] = {}
        self._refused = tuple(refused)
        self._more = False  # whether something was found that is not added
        self._places = frozenset(problem.partition(": ")[0] for problem in self._refused)

    def __bool__(self) -> bool:
        return bool(self._found) or self._more

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found.values())

    @property
    def full(self) -> bool:
        """Whether more would not be shown."""
        return len(self._found) > MAX_SHOWN

    def add(self, problem: str, same: str = "") -> None:
        """Adds a problem; of several with the same text, or the same `same`, the first is kept."""
        if problem.partition(": ")[0] in self._places:
            self._more = True
        elif not self.full:
            self._found.setdefault(same or problem, problem)

    def extend(self, problems: Iterable[str]) -> None:
        """Adds problems, and stops looking for more when there are enough."""
        for problem in problems:
            self.add(problem)
            if self.full:
                return

    def refuse(self) -> None:
        """Raises BadSweep where anything is wrong."""
        if self.full:
            more = f"... and more; these are the first {MAX_SHOWN}"
            raise BadSweep([*list(self._found.values())[:MAX_SHOWN], more])
        if self:
            raise BadSweep([*self._refused, *self._found.values()])
