"""What several commands of the command line take: names, help, environment variables, completion by the shell."""

import os
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number


def _sweeps(context: Any) -> dict[str, str]:
    """For the shell's completion: the shipped sweeps, and the sweep files of this folder."""
    import importlib.resources

    shipped = (item.name for item in importlib.resources.files("sweeps").iterdir())
    here = (name for name in os.listdir() if name.endswith((".yaml", ".yml")))
    found = {name.removesuffix(".yaml"): "shipped" for name in shipped if name.endswith(".yaml")}
    return {**found, **dict.fromkeys(here, "in this folder")}


def _profiles(context: Any) -> tuple[str, ...]:
    """For the shell's completion: the profiles that the shipped sweeps have."""
    return ("debug", "laptop")


Spec = Annotated[str, Parameter(help="A sweep file, or the name of a shipped sweep.", completer=_sweeps)]
Store = Annotated[str, Parameter(help="Folder or URI of the records.", env_var="SWEEP_STORE")]
Tracking = Annotated[str | None, Parameter(help="MLflow tracking URI; without it, an SQLite file in the store.")]
Set = Annotated[tuple[str, ...], Parameter(name="--set", help="key=value: change a fixed setting.", negative="")]
Profile = Annotated[str | None, Parameter(help="A profile of the sweep file: debug, laptop, ...", completer=_profiles)]
Debug = Annotated[bool, Parameter(help="The same as --profile debug --local.", negative="")]
Detach = Annotated[bool, Parameter(negative="")]
Watch = Annotated[bool, Parameter(help="Again every few seconds, until every trial has ended.", negative="")]
Address = Annotated[
    str | None,
    Parameter(
        help='Of a Ray cluster, as host:port, or "auto"; without it, Ray is started on this machine.',
        env_var="RAY_ADDRESS",
    ),
]
Limit = Annotated[int | None, Parameter(validator=Number(gte=1))]
Port = Annotated[int, Parameter(validator=Number(gte=1, lte=65535))]
Json = Annotated[bool, Parameter(name="--json", help="Plain values on stdout, for scripts.", negative="")]
