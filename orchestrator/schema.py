"""The JSON Schema of sweep files, from which editors complete and explain every key."""

import importlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from orchestrator.axes import Count, LinearSpace, LogSpace
from orchestrator.spec import File
from tracking import named

NAME = "sweep.schema.json"
Json = dict[str, Any]


def schema() -> Json:
    """The schema: the sections from their models, and for each experiment its settings below fixed and vary."""
    out = File.model_json_schema()
    definitions: Json = out.setdefault("$defs", {})
    experiments = named.names("workers.experiments")
    out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    out["properties"]["experiment"]["enum"] = list(experiments)
    measures = [
        {"const": n, "description": _first_line(f"workers.measures.{n}")} for n in named.names("workers.measures")
    ]
    axis = [_inlined(model, definitions) for model in (Count, LinearSpace, LogSpace)]
    definitions["Axis"] = {"anyOf": [{"type": "array", "minItems": 1}, {"type": "null"}, *axis]}
    for sections in (out, definitions["Sections"]):
        sections["properties"]["vary"]["additionalProperties"] = {"$ref": "#/$defs/Axis"}
        sections["properties"]["measure"]["anyOf"][0]["items"] = {"oneOf": measures}
    out["allOf"] = [_for_experiment(name, definitions) for name in experiments]
    return out


def text() -> str:
    """The schema as it is shipped."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def write() -> Path:
    """Writes the schema beside the shipped sweeps; a test holds the two together."""
    path = Path(__file__).parent.parent / "sweeps" / NAME
    path.write_text(text())
    return path


def _for_experiment(name: str, definitions: Json) -> Json:
    """If the sweep is of this experiment: its settings, none of them required, since an axis may set it."""
    settings = _optional(_inlined(named.load("workers.experiments", name).Settings, definitions, f"{name}."))
    known = {key: {"$ref": "#/$defs/Axis"} for key in _dotted(settings, definitions)}
    fixed = {"type": "object", "properties": settings["properties"]}
    return {
        "if": {"properties": {"experiment": {"const": name}}},
        "then": {"properties": {"fixed": fixed, "vary": {"properties": known}}},
    }


def _inlined(model: type[BaseModel], definitions: Json, prefix: str = "") -> Json:
    """A model's schema, its own definitions moved to the common ones under names that cannot meet."""
    template = f"#/$defs/{prefix}{{model}}"
    found = model.model_json_schema(ref_template=template)
    definitions |= {prefix + key: _optional(value) for key, value in found.pop("$defs", {}).items()}
    return found


def _optional(part: Json) -> Json:
    return {k: v for k, v in part.items() if k != "required"}


def _dotted(settings: Json, definitions: Json, prefix: str = "") -> list[str]:
    """The dotted keys of all settings, through references and unions."""
    out: list[str] = []
    for key, part in settings.get("properties", {}).items():
        out.append(prefix + key)
        for choice in [part, *part.get("anyOf", []), *part.get("oneOf", [])]:
            if "$ref" in choice:
                out += _dotted(definitions[choice["$ref"].removeprefix("#/$defs/")], definitions, f"{prefix}{key}.")
    return sorted(set(out))


def _first_line(module: str) -> str:
    return (importlib.import_module(module).__doc__ or "").strip().splitlines()[0]
