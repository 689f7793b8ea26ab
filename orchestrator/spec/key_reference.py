"""Every key of a sweep file in words, as a page: made from the same models that check the files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from orchestrator.spec.axes import Count, LinearSpace, LogSpace
from orchestrator.spec.file_model import File
from orchestrator.spec.json_schema import first_line
from tracking.analysis.curve_spec import Curve
from tracking.common import plugins
from tracking.common.program import PROGRAM
from tracking.plotting.panels import Panel
from tracking.plotting.surfaces import Surface

PLACES = {
    "workers.experiments": ("Experiments", "experiment", "What `fixed` and `vary` may set."),
    "workers.data": ("Data sets", "data.name", ""),
    "workers.nets": ("Networks", "net.name", ""),
    "workers.perturbations": ("Perturbations", "perturbation.name", ""),
    "tracking.claims": ("Claims", "name", "Each takes `label`, `statement` and `where` besides."),
}
COMMON = {"name", "label", "statement", "where"}  # of all claims
LIMITS = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}


def page() -> str:
    """The page, as Markdown."""
    out = [
        "# Every key of a sweep file",
        "",
        "Made from the models that check the files, as is the JSON Schema that editors read (`sweep schema`). A dash",
        "means that the key must be there, or that an axis sets it. How a sweep is written: [write-a-sweep.md](../guides/write-a-sweep.md).",
        "",
    ]
    parts: dict[str, type[BaseModel]] = {"The file": File, "A curve": Curve, "A panel": Panel, "A surface": Surface}
    for title, model in parts.items():
        out += [f"## {title}", "", *_table(model), ""]
    out += ["## An axis", "", "A list of values, or one of:", ""]
    for axis in (Count, LinearSpace, LogSpace):
        out += [*_table(axis), ""]
    for package, (title, key, note) in PLACES.items():
        out += [f"## {title}", "", f"The names that `{key}` may have. {note}".strip(), ""]
        for name in plugins.names(package):
            out += [f"### {name}", "", first_line(f"{package}.{name}"), "", *_named(package, name)]
    out += ["## Measures", "", "| name | what it is |", "|---|---|"]
    out += [f"| `{n}` | {_cell(first_line(f'workers.measures.{n}'))} |" for n in plugins.names("workers.measures")]
    return "\n".join(out) + "\n"


def write() -> Path:
    """Writes the page into the documentation; a test holds the two together."""
    path = PROGRAM / "docs" / "reference" / "keys.md"
    path.write_text(page())
    return path


def _named(package: str, name: str) -> list[str]:
    rows = _table(plugins.load(package, name).Settings, COMMON if package == "tracking.claims" else {"name"})
    return [*rows, ""] if len(rows) > 2 else []


def _table(model: type[BaseModel], without: set[str] | None = None) -> list[str]:
    found = model.model_json_schema()
    parts = _flat(found, found.get("$defs", {}), "")
    rows = [f"| `{key}` | {_kind(p)} | {_default(p)} | {_cell(p.get('description', ''))} |" for key, p in parts
            if key not in (without or ())]  # fmt: skip
    return ["| key | value | if absent | what it says |", "|---|---|---|---|", *rows]


def _flat(schema: Any, definitions: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Keys with dots, where a value is itself a set of keys; choices by name have sections of their own."""
    for key, part in schema.get("properties", {}).items():
        inner = _inner(part, definitions)
        if inner:
            yield from _flat(inner, definitions, f"{prefix}{key}.")
        else:
            yield prefix + key, part


def _inner(part: Any, definitions: Any) -> Any:
    references = [p["$ref"] for p in [part, *part.get("anyOf", [])] if "$ref" in p]
    return (
        definitions[references[0].rpartition("/")[2]] if len(references) == 1 and "discriminator" not in part else None
    )


def _kind(part: Any) -> str:
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_kind(p) for p in part["anyOf"] if p.get("type") != "null"))
    if "enum" in part or "const" in part:
        return " or ".join(f"`{v}`" if v != "" else 'none, as ""' for v in part.get("enum", [part.get("const")]))
    if "discriminator" in part or "oneOf" in part:
        return "a name, and its keys"
    if part.get("type") == "array":
        return f"list of {_kind(part['items'])}" if part.get("items") else "list"
    limits = [f"{words} {part[key]:g}" for key, words in LIMITS.items() if key in part and abs(part[key]) < 2**53]
    kinds = {"object": "mapping", "string": "text", "boolean": "true or false", "integer": "whole number"}
    return " ".join([kinds.get(part.get("type", ""), part.get("type", "mapping")), " and ".join(limits)]).strip()


def _default(part: Any) -> str:
    if "default" not in part:
        return "–"
    value = part["default"]
    return "" if value in (None, "", [], {}) else f"`{json.dumps(value)}`".replace('"', "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
