"""Reads YAML into plain values and remembers where each of them stands, so that errors can name the line.

Less than YAML allows: no aliases, no tags, no repeated keys, one document; numbers are those of YAML 1.2, in which
1e-3 is a number and `on` is a word. Bad input is refused with its place; nothing in a file can run code or blow up.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from tracking.named import Refused

MAX_BYTES, MAX_DEPTH, MAX_NODES = 1_000_000, 32, 100_000
SECRET = re.compile(r"(password|passwd|secret|token|api_?key|credential)", re.IGNORECASE)
Path = tuple[str | int, ...]
TAG = "tag:yaml.org,2002:"


class BadSweep(Refused):
    """A sweep file that cannot be used: all that is wrong with it, a line each, `file:line:column: key: what`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass
class Source:
    """Plain values, and the (line, column) of the key or item at each path, both counted from 1."""

    name: str
    value: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def at(self, path: Path, message: str) -> str:
        """The message with the place of a path, or of the nearest thing around it that stands in the file."""
        near = path
        while near and near not in self.places:
            near = near[:-1]
        line, column = self.places.get(near, (1, 1))
        key = ".".join(str(p) for p in path)
        return f"{self.name}:{line}:{column}: {key}: {message}" if key else f"{self.name}:{line}:{column}: {message}"


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars only, and no aliases."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own, which we replace

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(
                None, None, "anchors and aliases are not allowed: write it out", event.start_mark
            )
        return super().compose_node(parent, index)


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    _Loader.add_implicit_resolver(TAG + _kind, re.compile(f"^(?:{_pattern})$"), [*_first.replace("\0", ""), ""])


def parse(content: bytes, name: str) -> Source:
    """Raises BadSweep for what is not one plain YAML document."""
    if len(content) > MAX_BYTES:
        raise BadSweep([f"{name}:1:1: the file has {len(content)} bytes, at most {MAX_BYTES} are allowed"])
    try:
        text = content.decode("utf-8")
        node = _Loader(text).get_single_node()
    except UnicodeDecodeError as error:
        raise BadSweep([f"{name}:1:1: not valid UTF-8 at byte {error.start}; save the file as UTF-8"]) from error
    except yaml.reader.ReaderError as error:
        raise BadSweep([f"{name}:1:1: a character that YAML does not allow, at position {error.position}"]) from error
    except yaml.MarkedYAMLError as error:
        raise BadSweep([_marked(name, error)]) from error
    except RecursionError as error:
        raise BadSweep([f"{name}:1:1: nested too deeply, at most {MAX_DEPTH} levels are allowed"]) from error
    source = Source(name, None)
    source.value = _Walk(source).value(node, (), 0) if node else None
    return source


def scalar(text: str) -> Any:
    """A value as it would be read in a sweep file. Raises BadSweep."""
    return parse(text.encode(), "value").value


def _marked(name: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    what = error.problem or error.context or "not YAML"
    if "expected a single document" in f"{error.context}":
        what = "expected one document, found another one after '---'"
    if "found character '\\t'" in what:
        what = "a tab in the indentation; YAML wants spaces"
    if mark is None:
        return f"{name}:1:1: {what}"
    snippet = mark.get_snippet(indent=2)
    return f"{name}:{mark.line + 1}:{mark.column + 1}: {what}" + (f"\n{snippet}" if snippet else "")


class _Walk:
    """From nodes to plain values."""

    def __init__(self, source: Source) -> None:
        self.source, self.nodes = source, 0

    def refuse(self, node: Any, path: Path, message: str) -> BadSweep:
        self.source.places[path] = _place(node)
        return BadSweep([self.source.at(path, message)])

    def value(self, node: Any, path: Path, depth: int) -> Any:
        self.nodes += 1
        self.source.places.setdefault(path, _place(node))
        if depth > MAX_DEPTH:
            raise self.refuse(node, path, f"nested too deeply, at most {MAX_DEPTH} levels are allowed")
        if self.nodes > MAX_NODES:
            raise self.refuse(node, path, f"the file has more than {MAX_NODES} values")
        if not node.tag.startswith(TAG) or node.tag[len(TAG) :] in ("binary", "timestamp", "set", "omap", "pairs"):
            raise self.refuse(node, path, f"the tag '{node.tag}' is not allowed: sweep files hold plain values")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        return self.plain(node, path)

    def mapping(self, node: Any, path: Path, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if key_node.tag != TAG + "str":
                raise self.refuse(
                    key_node, path, f"a key must be a word, got {key!r}; write '{key}' in quotes if you mean it"
                )
            if key in out:
                first = self.source.places[(*path, key)][0]
                raise self.refuse(key_node, (*path, key), f"duplicate key '{key}' (first at line {first})")
            if SECRET.search(key):
                raise self.refuse(
                    key_node, (*path, key), f"refusing to store '{key}' in records; use an environment variable"
                )
            self.source.places[(*path, key)] = _place(key_node)
            out[key] = self.value(value_node, (*path, key), depth + 1)
        return out

    def plain(self, node: Any, path: Path) -> Any:
        kind, text = node.tag[len(TAG) :], node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            if re.match(r"[-+]?0[0-9]", text):
                raise self.refuse(node, path, f"leading zeros are ambiguous; write {int(text)}, got {text}")
            if abs(int(text)) >= 2**63:
                raise self.refuse(node, path, f"an integer must lie below 2^63, got {text}")
            return int(text)
        if kind == "float":
            number = float(
                text.replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan").replace(".Inf", "inf")
            )
            if number != number or number in (float("inf"), float("-inf")):
                raise self.refuse(node, path, f"must be a finite number, got {text}")
            return number
        return text


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
