"""The table of trials: their settings, their state, and the error and risk with which they ended."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracking.analysis.grouping import settings, varying
from tracking.analysis.values import of_one_kind, text
from tracking.common.text import number

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

MOST_SHOWN = 2_000  # trials of the page's table: a browser shows ten times as many, slowly
MOST_READ = 20_000  # trials of which final values are read: reading those of 100,000 takes as long as all figures
FINAL = {("error", "test"): "test error", ("error", "train"): "training error",
         ("risk", "test"): "test risk", ("risk", "train"): "training risk"}  # fmt: skip


class Table(NamedTuple):
    """A table of texts. numeric: which columns hold numbers. left_out: lines that it does not have."""

    header: list[str]
    lines: list[list[str]]
    numeric: list[bool]
    left_out: int = 0


def final_values(frame: "Frame") -> "pd.DataFrame":
    """The last recorded error and risk of each trial, index as `frame.trials`; a column for each that is recorded."""
    import pandas as pd

    parts = [*frame.reduced(_final_values)]
    whole = pd.concat(parts) if parts else pd.DataFrame()
    return whole.reindex(index=frame.trials.index, columns=[name for name in FINAL.values() if name in whole])


def _final_values(frame: "Frame") -> "pd.DataFrame":
    import pandas as pd

    columns: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for measure in ("error", "risk"):
        for part in frame.lines(measure):
            for (split, layer), line in part.items():
                if not layer and (measure, split) in FINAL:
                    column = columns.setdefault(FINAL[measure, split], np.full(len(frame.trials), np.nan))
                    column[line.place] = line.value  # lines are ordered by place and step: the last one stays
    return pd.DataFrame(columns, index=frame.trials.index)


def trials(frame: "Frame") -> "pd.DataFrame":
    """One line per trial, index = id: the settings that vary, seed, final error and risk, state, step, reason. Without
    final values where there are more than `MOST_READ` trials."""
    import pandas as pd

    axes = varying(frame) or settings(frame)[:1]
    of_it = frame.trials[[*dict.fromkeys([*axes, "seed"])]]
    final = final_values(frame) if len(frame.trials) <= MOST_READ else pd.DataFrame(index=frame.trials.index)
    return pd.concat([of_it, final, frame.trials[["state", "step", "reason"]]], axis=1)


def as_csv(table: "pd.DataFrame") -> str:
    """What `trials` returns as CSV; lists, mappings and mixtures as texts."""
    import pandas as pd

    plain = table.copy()
    for name in (name for name, column in table.items() if column.dtype == object):
        plain[name] = pd.Series(of_one_kind(table[name]), index=table.index)
    return plain.to_csv(index_label="trial")


def shown(table: "pd.DataFrame") -> Table:
    """The first of these trials as texts, without the columns that are empty in all of them."""
    first = table.head(MOST_SHOWN)
    final = set(FINAL.values())
    columns = {"id": [str(id) for id in first.index]}
    for name, column in first.items():
        columns[str(name)] = [_text(value, str(name) in final) for value in column]
    return without_empty(columns, len(table) - len(first))


def without_empty(columns: dict[str, list[str]], left_out: int = 0) -> Table:
    """A table of these columns, without those that have no text in any line."""
    kept = {name: texts for name, texts in columns.items() if any(texts)}
    numeric = [all(_is_number(t) for t in texts if t) for texts in kept.values()]
    return Table(list(kept), [list(line) for line in zip(*kept.values(), strict=True)], numeric, left_out)


def _text(value: object, final: bool) -> str:
    if final:
        return "" if value != value else number(float(str(value)))
    return text(value)


def _is_number(shown: str) -> bool:
    try:
        float(shown.replace(",", ""))
    except ValueError:
        return False
    return True
