"""`make results`: draws, judges and describes every published sweep from the rows in docs/results.

python -m tests.support.published                 all of them, and the page
python -m tests.support.published keep NAME STORE copies the records of one from a store first
"""

import sys
from pathlib import Path

from tests.support.published.draw import draw
from tests.support.published.entries import FOLDER, index
from tests.support.published.page import page


def main(arguments: list[str]) -> None:
    """Runs one of the two commands above."""
    chosen = index().sweeps
    if arguments:
        _, name, store = arguments
        chosen = (index().entry(name),)
        chosen[0].keep(Path(store))
    for entry in chosen:
        draw(entry)
    (FOLDER / "README.md").write_text(page(index()))


if __name__ == "__main__":
    main(sys.argv[1:])
