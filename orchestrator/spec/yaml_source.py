"""Reads YAML into plain values and remembers where each of them stands, so that errors can name the line.

Less than YAML allows: no aliases, no tags, no repeated keys, one document; numbers are those of YAML 1.2, in which
1e-3 is a number and `on` is a word. Bad input is refused with its place; nothing in a file can run code or blow up.

A place is found by its dotted path, so that `net.width` and `width` inside `net` are the same one.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from tracking.common.errors import BadSweep

MAX_BYTES, MAX_DEPTH, MAX_NODES = 1_000_000, 32, 20_000
SECRET = re.compile(r"(.*[._-])?(password|passwd|secret|token|api[_-]?key|credentials?)([._-].*)?", re.IGNORECASE)
Path = tuple[str | int, ...]
TAG = "tag:yaml.org,2002:"
PLAINLY = {  # what PyYAML says -> what it means for whoever wrote the file
    "mapping values are not allowed here": "a ':' where none can be; put a text that contains ': ' in quotes, "
    "and check the indentation",
    "found character '\\t'": "a tab where YAML wants spaces; indent with spaces",
    "could not find expected ':'": "a key without its ':'; write `key: value`",
    "expected <block end>": "does not fit what stands above it; check the indentation and the brackets",
    "expected ',' or ']'": "a list '[' is not closed before this; write ',' between its items and ']' at its end",
    "expected ',' or '}'": "a mapping '{' is not closed before this; write ',' between its keys and '}' at its end",
    "did not find expected node content": "something is missing here, or a bracket is not closed",
    "expected the node content": "something is missing here, or a bracket is not closed",
    "found unexpected end of stream": "the file ends inside a quoted text; close its quotes",
    "cannot start any token": "a text cannot begin with this character; put it in quotes",
}


@dataclass
class Source:
    """Plain values, and where the key or item at each path was given: "mine.yaml:3:5", or "--set".

    problems: values and keys that are refused, with their places; `value` has what was probably meant instead, or
    nothing, so that the rest of the file can be checked, too.
    """

    name: str
    value: Any
    places: dict[Path, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def place(self, path: Path) -> str:
        """Where the thing at a path was given, or the nearest thing around it that was."""
        near = dotted(path)
        while near and near not in self.places:
            near = near[:-1]
        return self.places.get(near, f"{self.name}:1:1")

    def given(self, path: Path) -> bool:
        """Whether the thing at a path itself was given, and not only something around it."""
        return dotted(path) in self.places

    def at(self, path: Path, message: str) -> str:
        """The message with the place of a path."""
        key = ".".join(str(p) for p in path)
        return f"{self.place(path)}: {key}: {message}" if key else f"{self.place(path)}: {message}"

    def within(self, part: Path, path: Path) -> Path:
        """The path inside a part of the file where the part says at least as much of it as the file does elsewhere."""
        inner = self._known((*part, *path)) - len(part)
        return (*part, *path) if part and inner > 0 and inner >= self._known(path) else path

    def _known(self, path: Path) -> int:
        """How many steps of a path lead to something that was given."""
        steps = dotted(path)
        return next((n for n in range(len(steps), 0, -1) if steps[:n] in self.places), 0)

    def put(self, path: Path, node: Any) -> None:
        """Remembers where a node of the file stands."""
        self.places[dotted(path)] = self.mark(node)

    def mark(self, node: Any) -> str:
        """Where a node of the file stands."""
        mark = node.start_mark
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}"

    def move(self, path: Path, to: Path) -> None:
        """Remembers what lies below a path as lying below another one, too."""
        start, end = dotted(path), dotted(to)
        below = {k[len(start) :]: place for k, place in self.places.items() if k[: len(start)] == start}
        self.places |= {end + k: place for k, place in below.items() if k or end not in self.places}

    def forget(self, *paths: Path) -> None:
        """Forgets the places of all that lies at some paths and below them."""
        gone = {dotted(path) for path in paths}
        lengths = {len(path) for path in gone}
        self.places = {k: v for k, v in self.places.items() if not any(k[:n] in gone for n in lengths)}


def dotted(path: Path) -> Path:
    """The path with its dotted keys taken apart."""
    return tuple(part for p in path for part in (p.split(".") if isinstance(p, str) else [p]))


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars only, no aliases, no tags, and not too many of them."""

    nodes = 0

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own, which we replace

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # not in the stubs
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "anchors (&) and aliases (*) are not allowed; write the value out, or put a text in quotes"
            raise yaml.composer.ComposerError(None, None, what, event.start_mark)
        if getattr(event, "tag", None) is not None:
            what = f"the tag '{event.tag}' is not allowed: sweep files hold plain values; leave it out"
            raise yaml.composer.ComposerError(None, None, what, event.start_mark)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            what = f"the file has more than {MAX_NODES:,} keys and values, which is the limit"
            raise yaml.composer.ComposerError(None, None, what, event.start_mark)
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
    """Raises BadSweep for what is not one YAML document; what is wrong within it is in `Source.problems`."""
    if len(content) > MAX_BYTES:
        raise BadSweep([f"{name}:1:1: the file has {len(content):,} bytes, at most {MAX_BYTES:,} are allowed"])
    try:
        text = content.decode("utf-8")
        node = _Loader(text).get_single_node()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        what = f"not valid UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
        raise BadSweep([f"{_end(name, before)}: {what}"]) from error
    except yaml.reader.ReaderError as error:
        what = f"the character U+{ord(text[error.position]):04X} is not allowed; remove it"
        raise BadSweep([f"{_end(name, text[: error.position])}: {what}"]) from error
    except yaml.MarkedYAMLError as error:
        raise BadSweep([_marked(name, error)]) from error
    except RecursionError as error:
        raise BadSweep([f"{name}:1:1: nested too deeply, at most {MAX_DEPTH} levels are allowed"]) from error
    source = Source(name, None)
    source.value = _Walk(source).value(node, (), 0) if node else None
    return source


def scalar(text: str) -> Any:
    """A value as it would be read in a sweep file. Raises BadSweep, its places counted in the text."""
    source = parse(text.encode("utf-8", "surrogateescape"), "value")
    if source.problems:
        raise BadSweep(source.problems)
    return source.value


def _marked(name: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    what = error.problem or error.context or "not YAML"
    what = next((plain for said, plain in PLAINLY.items() if said in what), what)
    if "expected a single document" in f"{error.context}":
        what = "a second document begins here; a sweep file holds one, so leave '---' out"
    if mark is None:
        return f"{name}:1:1: {what}"
    snippet = mark.get_snippet(indent=2)
    return f"{name}:{mark.line + 1}:{mark.column + 1}: {what}" + (f"\n{snippet}" if snippet else "")


def _end(name: str, text: str) -> str:
    """The place after a text."""
    return f"{name}:{text.count(chr(10)) + 1}:{len(text) - text.rfind(chr(10))}"


def _decimal_comma(before: Any, key: Any, value: Any) -> str:
    """The number that was meant where `{rate: 0,01}` was read as a rate of 0 and a key 01 without a value; or ""."""
    if not all(isinstance(node, yaml.ScalarNode) for node in (before, key, value)) or value.value:
        return ""
    return _joined_by_comma(before, key)


def _joined_by_comma(one: Any, other: Any) -> str:
    """Two integers with nothing but a comma between them, as one number with a decimal comma; or ""."""
    if not all(isinstance(node, yaml.ScalarNode) and node.tag == TAG + "int" for node in (one, other)):
        return ""
    return f"{one.value},{other.value}" if other.start_mark.index == one.end_mark.index + 1 else ""


class _Walk:
    """From nodes to plain values. What is wrong is added to the source's problems, and the walk goes on."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def refuse(self, node: Any, path: Path, message: str) -> None:
        self.source.put(path, node)
        self.source.problems.append(self.source.at(path, message))

    def value(self, node: Any, path: Path, depth: int) -> Any:
        if dotted(path) not in self.source.places:
            self.source.put(path, node)
        if depth > MAX_DEPTH:
            self.refuse(node, path, f"nested too deeply, at most {MAX_DEPTH} levels are allowed")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return self.sequence(node, path, depth)
        return self.plain(node, path)

    def sequence(self, node: Any, path: Path, depth: int) -> list[Any]:
        out: list[Any] = []
        for i, item in enumerate(node.value):
            comma = _joined_by_comma(node.value[i - 1], item) if i else ""
            if comma and _leading_zeros(item.value):
                plain = comma.replace(",", ".")
                self.refuse(
                    item, (*path, i), f"a decimal comma, got {comma}; write {plain}, or a space after the comma"
                )
            else:
                out.append(self.value(item, (*path, i), depth + 1))
        return out

    def mapping(self, node: Any, path: Path, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        before: Any = None
        for key_node, value_node in node.value:
            if out and (comma := _decimal_comma(before, key_node, value_node)):
                last, number = list(out)[-1], comma.replace(",", ".")
                self.refuse(before, (*path, last), f"a decimal comma, got {comma}; write {number}")
                out[last] = float(number)
                continue
            before = value_node
            key = self.key(key_node, path)
            if key in out:
                first = self.source.place((*path, key))
                what = f"'{key}' is given twice, first at {first}; keep one"
                self.source.problems.append(f"{self.source.mark(key_node)}: {'.'.join(map(str, (*path, key)))}: {what}")
            elif key is not None:
                self.source.put((*path, key), key_node)
                out[key] = self.value(value_node, (*path, key), depth + 1)
        return out

    def key(self, node: Any, path: Path) -> str | None:
        """The key; None where it is refused."""
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, path, "a key must be a word, got a list or mapping")
            return None
        self.whole(node, path)
        key: str = node.value
        if node.tag != TAG + "str":
            what = f"a key must be a word, got {key or 'nothing'}; put it in quotes: '{key}'"
            self.refuse(node, path, what)
            return None
        if SECRET.fullmatch(key):
            what = f"'{key}' looks like a secret, and all of a sweep is recorded; use an environment variable instead"
            self.refuse(node, (*path, key), what)
            return None
        return key

    def whole(self, node: Any, path: Path) -> None:
        """Escapes such as "\\ud800" can spell half a character, which is no text."""
        half = [c for c in node.value if "\ud800" <= c <= "\udfff"]
        if half:
            self.refuse(node, path, f"half a character, U+{ord(half[0]):04X}; write the character itself")
            node.value = "".join(c for c in node.value if c not in half)

    def plain(self, node: Any, path: Path) -> Any:
        kind, text = node.tag[len(TAG) :], node.value
        self.whole(node, path)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return self.integer(node, path, text)
        if kind == "float":
            word = text.lower().endswith(("inf", "nan"))  # written .inf and .nan
            if word or not math.isfinite(float(text)):
                self.refuse(node, path, f"must be a finite number, got {text[:40]}")
                return None
            return float(text)
        return node.value

    def integer(self, node: Any, path: Path, text: str) -> int | None:
        """An integer; None where it is refused."""
        if _leading_zeros(text):
            plain = re.sub("^([-+]?)0+(?=[0-9])", r"\1", text)
            self.refuse(node, path, f"leading zeros are ambiguous, got {text[:40]}; write {plain[:40]}")
            return None
        if len(text) > 20 or abs(int(text)) >= 2**63:
            self.refuse(node, path, f"an integer must be below 2^63 = {2**63}, got {text[:40]}")
            return None
        return int(text)


def _leading_zeros(text: str) -> bool:
    return re.match(r"[-+]?0[0-9]", text) is not None
