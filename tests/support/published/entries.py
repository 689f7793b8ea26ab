"""What docs/results/index.yaml says: which sweeps are published, how they were launched, and what people say of them.

Each is a folder docs/results/<name> that is a store with records only, so that `sweep curves <sweep> --store
docs/results/<name>` draws it without any training.
"""

import functools
import shutil
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from orchestrator.results.build import Results, build
from orchestrator.spec import load
from orchestrator.spec.expand import expand
from tests.support.checkout import ROOT
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store

FOLDER = ROOT / "docs" / "results"


class Entry(BaseModel):
    """One published sweep. seconds: of its launches together; beside: what else the machine did.

    memo: how it compares with the memo's text; text: what else is to be said; both Markdown. picture: the figure that
    stands for it in a gallery, without ending; the first by name where it is not said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sweep: str
    profile: str | None = None
    seconds: float
    beside: str = ""
    memo: str = ""
    text: str = ""
    picture: str = ""

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def options(self) -> str:
        """What a command takes to name this sweep: "fig1 --profile laptop"."""
        return f"{self.sweep} --profile {self.profile}" if self.profile else self.sweep

    def results(self) -> Results:
        """Curves and verdicts from the kept rows, by the code as it is."""
        return self.recorded_in(self.folder)

    def recorded_in(self, store: Path) -> Results:
        """Curves and verdicts from the rows in a store."""
        sweep = load.read(self.sweep, self.profile, [])
        return build(sweep, expand(sweep), Ledger.read(Store(str(store))))

    def keep(self, store: Path) -> None:
        """Copies the records of this sweep from a store into its folder, in place of those that are there: what was
        measured later, in other bundles, too."""
        bundles = {bundle for record in self.recorded_in(store).records.values() for bundle in record.bundles}
        shutil.rmtree(self.folder / layout.RECORDS, ignore_errors=True)
        for bundle in sorted(bundles):
            shutil.copytree(store / layout.RECORDS / bundle, self.folder / layout.RECORDS / bundle)


class Index(BaseModel):
    """The whole file. intro and closing: Markdown before and after the sweeps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intro: str
    sweeps: tuple[Entry, ...]
    closing: str = ""

    def entry(self, name: str) -> Entry:
        """The entry of this name. Raises KeyError where there is none."""
        return {one.name: one for one in self.sweeps}[name]


@functools.cache
def index() -> Index:
    """docs/results/index.yaml. Raises pydantic.ValidationError where it is malformed."""
    return Index.model_validate(yaml.safe_load((FOLDER / "index.yaml").read_text()))
