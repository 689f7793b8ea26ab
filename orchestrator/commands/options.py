"""What several commands take, in groups: names, help, environment variables, completion by the shell.

Nothing heavy is imported before a command runs, so that `--help` and the shell's completion answer at once.
"""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from orchestrator.commands import completion

if TYPE_CHECKING:
    from orchestrator.spec.sweep import Sweep
    from tracking.records.ledger import Ledger
    from tracking.records.store import Store


@Parameter(name="*")
@dataclass(frozen=True)
class WhichSweep:
    """A sweep file, and what is changed in it."""

    spec: Annotated[
        str,
        Parameter(
            help="A sweep file, or the name of a shipped sweep or of one that was launched; also a variant of it, such "
            "as fig2@laptop@epochs=5.",
            completer=completion.sweeps,
        ),
    ]
    _: KW_ONLY
    profile: Annotated[
        str | None, Parameter(help="A profile of the sweep file: debug, laptop, ...", completer=completion.profiles)
    ] = None
    debug: Annotated[bool, Parameter(help="The same as --profile debug --local.", negative="", show_default=False)] = (
        False
    )
    set_: Annotated[
        tuple[str, ...],
        Parameter(
            name="--set", help="key=value: change a fixed setting, such as epochs=10.", negative="", show_default=False
        ),
    ] = ()
    seeds: Annotated[
        int | None,
        Parameter(
            help="How many seeds, instead of the number in the file; those that are recorded are not run again.",
            validator=Number(gte=1),
        ),
    ] = None

    @property
    def changed(self) -> bool:
        """Whether options change the sweep file."""
        return bool(self.profile or self.debug or self.set_ or self.seeds)

    def read(self, at: "WhichStore") -> "Sweep":
        """Raises BadSweep with everything that is wrong with it."""
        from orchestrator.spec.kept import read
        from orchestrator.spec.variant import Changes

        profile = "debug" if self.debug and not self.profile else self.profile
        return read(self.spec, Changes(profile, self.set_, self.seeds), at.open)


@Parameter(name="*")
@dataclass(frozen=True)
class WhichStore:
    """The store of the records."""

    store: Annotated[
        str | None,
        Parameter(
            help="Folder or URI of the records; without it the nearest `runs` from here upwards that is a store, or a "
            "new one here.",
            env_var="SWEEP_STORE",
            show_default=False,
        ),
    ] = None

    @property
    def root(self) -> str:
        """The folder or URI."""
        from orchestrator.commands.store.discover import chosen

        return chosen(self.store, Path.cwd())

    def open(self) -> "Store":
        """The store, whether or not anything is recorded in it."""
        from tracking.records.store import Store

        return Store(self.root)

    def ledger(self) -> "Ledger":
        """What the store holds now. Raises Refused as `existing` does."""
        from tracking.records.ledger import Ledger

        return Ledger.read(self.existing())

    def existing(self) -> "Store":
        """Raises Refused when it is a folder of this machine that does not exist."""
        from orchestrator.commands.store.open_store import existing

        return existing(self.root)


Address = Annotated[
    str | None,
    Parameter(
        help='Of a Ray cluster, as host:port, or "auto"; without it, Ray is started on this machine.',
        env_var="RAY_ADDRESS",
    ),
]


@Parameter(name="*")
@dataclass(frozen=True)
class WhichMachines:
    """Where bundles run."""

    local: Annotated[
        bool, Parameter(help="In this process, without Ray: a debugger works.", negative="", show_default=False)
    ] = False
    address: Address = None


Reading = Annotated[
    str | None,
    Parameter(help="Of a Ray cluster, as host:port, whose tasks read the rows; without it, this process reads them."),
]
Compared = Annotated[str, Parameter(completer=completion.sweeps)]
Opened = Annotated[str | None, Parameter(completer=completion.sweeps, show_default=False)]
Where = Annotated[
    str | None,
    Parameter(help="A sweep file, or the folder that it lies in.", completer=completion.here, show_default=False),
]
OwnFile = Annotated[str, Parameter(completer=completion.own_files)]
Kind = Annotated[str, Parameter(completer=completion.kinds)]
Tracking = Annotated[str | None, Parameter(help="MLflow tracking URI; without it, an SQLite file in the store.")]
Detach = Annotated[bool, Parameter(negative="", show_default=False)]
Watch = Annotated[
    bool, Parameter(help="Again every few seconds, until every trial has ended.", negative="", show_default=False)
]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Full = Annotated[
    bool, Parameter(help="Tables with all points of each line, not only a few.", negative="", show_default=False)
]
Plot = Annotated[
    bool | None,
    Parameter(help="Plot the first curves in the terminal, too; if absent, on a wide enough terminal.",
              show_default=False),
]  # fmt: skip
Limit = Annotated[int | None, Parameter(validator=Number(gte=1))]
Port = Annotated[int, Parameter(validator=Number(gte=1, lte=65535))]
Json = Annotated[
    bool, Parameter(name="--json", help="Plain values on stdout, for scripts.", negative="", show_default=False)
]
Numbers = Annotated[tuple[int, ...], Parameter(negative="", show_default=False)]
Given = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set", help="key=value: a setting of the file that has no default.", negative="", show_default=False
    ),
]
Words = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
