"""Comparisons of sweeps that were drawn into a store, and which sweeps each of them is of."""

import json
from collections.abc import Callable, Iterator
from itertools import groupby

from tracking.records import layout
from tracking.records.files.local_disk import FileInfo
from tracking.records.store import Store
from tracking.records.upkeep.sizes import figures_at


def files_of(store: Store, is_gone: Callable[[str], bool]) -> tuple[FileInfo, ...]:
    """The files of all comparisons in which a variant of this store takes part that `is_gone`."""
    return tuple(info for infos in _by_folder(store) for info in infos if any(map(is_gone, _variants(store, infos))))


def folders(files: tuple[FileInfo, ...]) -> set[str]:
    """The folders in which these files lie."""
    return {info.name.rpartition("/")[0] for info in files}


def _by_folder(store: Store) -> Iterator[list[FileInfo]]:
    listed = figures_at(store).listing(layout.COMPARISONS)
    return (list(infos) for _, infos in groupby(listed, lambda info: info.name.rpartition("/")[0]))


def _variants(store: Store, infos: list[FileInfo]) -> list[str]:
    """The variants of this store that were compared; none where the comparison does not say it."""
    for info in infos:
        if info.name.endswith(f"/{layout.COMPARISON}"):
            try:
                of = json.loads(figures_at(store).read(info.name))["of"]
                return [one["variant"] for one in of if one["store"] in (layout.THIS_STORE, store.root)]
            except (ValueError, KeyError, TypeError):  # of an older version, or edited
                return []
    return []
