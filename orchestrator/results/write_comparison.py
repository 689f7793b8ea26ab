"""Writes a comparison of sweeps as files on this machine: figures, the differences as CSV, and all of it as JSON."""

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from orchestrator.results.comparison import Comparison, CurveOfAll
from orchestrator.spec.variant import LONGEST, SAFE
from tracking.common.strict_json import strict_json
from tracking.common.whole_files import replacing
from tracking.records import layout
from tracking.records.files.local_disk import without_links

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tracking.plotting.figures import NotDrawn


class Written(NamedTuple):
    """figures: of each curve its name and the paths of its files. not_drawn: the others, and why. differences: the path
    of the CSV file. comparison: that of the JSON file."""

    figures: tuple[dict[str, str], ...]
    not_drawn: "tuple[NotDrawn, ...]"
    differences: str
    comparison: str


def write(comparison: Comparison) -> Written:
    """Writes below comparisons/<first> vs <other>/ of the first sweep's store: <curve>.png, .svg and .pdf,
    differences.csv and comparison.json."""
    import pandas as pd

    from tracking.plotting import figures

    folder = folder_of(comparison)
    saved = [figures.save_one(one.curve.name, partial(_figure, one, comparison), folder) for one in comparison.curves]
    table = pd.concat([one.compared.table for one in comparison.curves], ignore_index=True)
    differences, plain = folder / layout.DIFFERENCES, folder / layout.COMPARISON
    with replacing(differences, plain) as (csv, json):
        table.to_csv(csv, index=False)
        json.write_text(strict_json({**comparison.plain(), "of": _of(comparison)}, indent=1), "utf-8")
    lost = tuple(one for one in saved if not isinstance(one, dict))
    return Written(tuple(one for one in saved if isinstance(one, dict)), lost, str(differences), str(plain))


def _of(comparison: Comparison) -> list[dict[str, str]]:
    """The variants that are compared and their stores, by which a removal of one of them finds the comparison."""
    first = comparison.sweeps[0].store
    own = first.root if first.files.local else None  # a comparison lies in the first one's store, if that is a folder
    return [
        {
            "variant": one.results.sweep.variant,
            "store": layout.THIS_STORE if one.store.root == own else one.store.root,
        }
        for one in comparison.sweeps
    ]


def _figure(one: CurveOfAll, comparison: Comparison) -> "Figure":
    from tracking.plotting.kinds import compare_figure

    captions = [sweep.results.caption(one.curve.where) for sweep in comparison.sweeps]
    codes = dict.fromkeys(comparison.codes)
    return compare_figure.figure(one.curve, one.sides, one.group, captions, [*codes] if len(codes) > 1 else [])


def folder_of(comparison: Comparison) -> Path:
    """Where the files of a comparison are: below the first sweep's store, or in the working folder for a remote one;
    made if absent. Raises StorageFailed where it or a file in it is a link."""
    store = comparison.sweeps[0].store
    base = Path(store.files.root if store.files.local else ".")
    folder = without_links(base, layout.COMPARISONS, _name(comparison))
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        without_links(folder, path.name)
    return folder


def _name(comparison: Comparison) -> str:
    """The labels of all sweeps; stores are told apart by a digest, since a label names them as they were given."""
    whole = " vs ".join(quote(label, safe=SAFE + "%") for label in comparison.labels)
    roots = [one.store.root for one in comparison.sweeps]
    if len(set(roots)) == 1 and len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256("\n".join([*comparison.labels, *roots]).encode()).hexdigest()[:12]
    return f"{whole[: LONGEST - 13]}~{digest}"
