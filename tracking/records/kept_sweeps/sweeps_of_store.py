"""All sweeps that a store keeps, read once; and one of them written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tracking.common.errors import Damaged
from tracking.records import layout
from tracking.records.files.storage import Files
from tracking.records.kept_sweeps import kept_sweep
from tracking.records.kept_sweeps.kept_sweep import KeptSweep


@dataclass(frozen=True)
class KeptSweeps:
    """What a store knew of its sweeps when it was read. by_variant: sorted. damaged: files that cannot be read, as
    errors that name them."""

    by_variant: Mapping[str, KeptSweep]
    damaged: tuple[Damaged, ...] = ()

    @staticmethod
    def read(files: Files, name: str | None = None) -> "KeptSweeps":
        """Those of a store; with `name`, only the variants of this sweep."""
        found = [_read(files, file) for file in files.names(layout.SWEEPS, layout.KEPT_SWEEP) if _is_of(file, name)]
        sweeps = sorted((one for one in found if isinstance(one, KeptSweep)), key=lambda one: one.variant)
        return KeptSweeps({one.variant: one for one in sweeps}, tuple(e for e in found if isinstance(e, Damaged)))

    def __iter__(self) -> Iterator[KeptSweep]:
        return iter(self.by_variant.values())

    def naming(self, trials: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """By trial, the variants that name it."""
        variants: dict[str, list[str]] = {id: [] for id in trials}
        for one in self.by_variant.values():
            for id in one.trials & variants.keys():
                variants[id].append(one.variant)
        return {id: tuple(names) for id, names in variants.items()}

    def readable(self) -> "KeptSweeps":
        """Itself. Raises the first error where a file cannot be read: what it names is not known then."""
        for error in self.damaged:
            raise error
        return self


def write(files: Files, sweep: KeptSweep) -> None:
    """Replaces what the store keeps of this variant, in one step."""
    files.write(layout.sweep(sweep.variant), sweep.to_bytes(), "sweep.kept")


def _is_of(file: str, name: str | None) -> bool:
    if name is None:
        return True
    last = file.removeprefix(f"{layout.SWEEPS}/")
    return last == f"{name}{layout.KEPT_SWEEP}" or last.startswith(f"{name}@")


def _read(files: Files, name: str) -> KeptSweep | Damaged | None:
    """None where it was removed since it was listed."""
    try:
        found = files.read_as(name, lambda content: kept_sweep.of_bytes(content, name))
    except FileNotFoundError:
        return None
    except Damaged as error:
        return error
    if layout.sweep(found.variant) != name:
        return Damaged(f"{name} is of another sweep, {found.variant}", name)
    return found
