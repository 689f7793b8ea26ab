"""The JSON Schema of sweep files, from which editors complete and explain every key."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from orchestrator.spec.file_model import File
from orchestrator.spec.grids.axes import Count, LinearSpace, LogSpace
from tracking.common.program_sources import PROGRAM
from workers.plugins import EXPERIMENTS, MEASURES

NAME = "sweep.schema.json"
Json = dict[str, Any]


def schema() -> Json:
    """The schema: the sections from their models, and for each experiment its settings below fixed and vary; also of
    the active files of a user, but for those that cannot be used."""
    out = File.model_json_schema()
    definitions: Json = out.setdefault("$defs", {})
    experiments = EXPERIMENTS.usable()
    out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    out["properties"]["experiment"]["enum"] = list(experiments)
    measures = [{"const": n, "description": MEASURES.about(n)} for n in MEASURES.names()]
    axis = [_inlined(model, definitions, "") for model in (Count, LinearSpace, LogSpace)]
    definitions["Axis"] = {"anyOf": [{"type": "array", "minItems": 1}, *axis]}
    for sections in (out, definitions["Sections"]):
        sections["properties"]["measure"]["anyOf"][0]["items"] = {"oneOf": measures}
    out["allOf"] = [_for_experiment(name, definitions) for name in experiments]
    return out


def text() -> str:
    """The schema as it is shipped."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def write() -> Path:
    """Writes the schema beside the shipped sweeps; a test holds the two together."""
    path = PROGRAM / "sweeps" / NAME
    path.write_text(text())
    return path


def _for_experiment(name: str, definitions: Json) -> Json:
    """If the sweep is of this experiment: its settings, none of them required, since an axis may set it."""
    settings = _inlined(EXPERIMENTS.load(name).Settings, definitions, f"{name}.")
    keys = _dotted(settings, definitions)
    about = {key: {"description": part["description"]} if "description" in part else {} for key, part in keys.items()}
    axes = {key: {"$ref": "#/$defs/Axis", **about[key]} for key in keys}
    fixed = {"type": "object", "properties": keys, "additionalProperties": False}
    vary = {"type": "object", "properties": axes, "additionalProperties": False}
    less = {**vary, "properties": {key: {"anyOf": [axis, {"type": "null"}]} for key, axis in axes.items()}}
    profiles = {"type": "object", "additionalProperties": {"properties": {"fixed": fixed, "vary": less}}}
    return {
        "if": {"properties": {"experiment": {"const": name}}},
        "then": {"properties": {"fixed": fixed, "vary": vary, "profiles": profiles}},
    }


def setting_names(experiment: str) -> list[str]:
    """The dotted keys of all settings that trials of an experiment may have."""
    definitions: Json = {}
    return list(_dotted(_inlined(EXPERIMENTS.load(experiment).Settings, definitions, f"{experiment}."), definitions))


def _inlined(model: type[BaseModel], definitions: Json, prefix: str = "") -> Json:
    """A model's schema, its own definitions moved to the common ones under names that cannot meet."""
    template = f"#/$defs/{prefix}{{model}}"
    found = model.model_json_schema(ref_template=template)
    definitions |= {prefix + key: _part(value) for key, value in found.pop("$defs", {}).items()}
    return found if not prefix else _part(found)


def _part(schema: Any) -> Any:
    """The schema of what may be only a part of the settings: nothing required, any of the named choices fits."""
    if isinstance(schema, dict):
        names = {"oneOf": "anyOf"}
        return {names.get(k, k): _part(v) for k, v in schema.items() if k not in ("required", "discriminator")}
    return [_part(item) for item in schema] if isinstance(schema, list) else schema


def _dotted(settings: Json, definitions: Json, prefix: str = "") -> Json:
    """The schemas of all settings by dotted key, through references and unions."""
    out: Json = {}
    for key, part in settings.get("properties", {}).items():
        deeper: Json = {prefix + key: part}
        for choice in [part, *part.get("anyOf", [])]:
            if "$ref" in choice:
                inner = definitions[choice["$ref"].removeprefix("#/$defs/")]
                for k, v in _dotted(inner, definitions, f"{prefix}{key}.").items():
                    deeper[k] = _either(deeper[k], v) if k in deeper else v
        out |= deeper
    return out


def _either(one: Json, other: Json) -> Json:
    return one if one == other else {"anyOf": [one, other], **{k: one[k] for k in ("description",) if k in one}}
