"""The commands that are tried on a changed store: those that read it, those that write it, and those that take long.

{name} is a variant, {file} its file, {trial} the id of a trial of it, {archive} what `pack` made of the store before it
was changed. What commands write for a user goes into the folder `written`.
"""

Command = tuple[str, ...]

READ: tuple[Command, ...] = (
    ("plan", "{file}"),
    ("plan", "{file}", "--json"),
    ("plan", "{name}", "--local"),
    ("status", "{file}"),
    ("status", "{name}", "--json"),
    ("verify", "{file}", "--json"),
    ("verify", "{name}"),
    ("ls",),
    ("ls", "--json"),
    ("du",),
    ("du", "--json"),
    ("show", "{trial}"),
    ("show", "{trial}", "--json"),
    ("prune",),
    ("prune", "--json"),
    ("rm", "{name}"),
    ("rm", "{name}", "--json"),
    ("pack", "{name}", "written/packed.tar"),
    ("export", "{name}", "written/rows.parquet", "--rows"),
    ("export", "{trial}", "written/net.safetensors"),
)
WRITE: tuple[Command, ...] = (
    ("prune", "--yes"),
    ("prune", "--yes", "--json"),
    ("rm", "{name}", "--yes"),
    ("unpack", "{archive}"),
    ("unpack", "{archive}", "--json"),
)
LONG: tuple[Command, ...] = (
    ("curves", "{file}"),
    ("sync", "{name}"),
    ("compare", "{name}", "{whole}::{name}"),
    ("reproduce", "{trial}"),
    ("show", "{trial}", "--rerun"),
    ("export", "{name}", "written/figures.pdf"),
    ("export", "{name}", "written/points.csv"),
    ("export", "{file}", "written/tables.tex"),
    ("doctor", "--store", "runs"),
    ("launch", "{name}", "--local", "--retry-failed", "--limit", "3"),
    ("rm", "{name}", "--yes"),
)
UNPACKED: tuple[Command, ...] = (
    ("ls",),
    ("status", "{name}"),
    ("verify", "{name}"),
    ("export", "{name}", "written/rows.parquet", "--rows"),
    ("show", "{trial}"),
    ("plan", "{name}", "--local"),
)
ON_A_FILE: tuple[Command, ...] = (
    *[("plan", "{file}", "--local")] * 5,
    ("plan", "{file}", "--local", "--json"),
    ("status", "{file}"),
    ("verify", "{file}"),
)


def filled(command: Command, **words: str) -> Command:
    """With words in place of what is in braces."""
    return tuple(part.format(**words) for part in command)
