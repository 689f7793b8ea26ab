"""Changes of JSON values at one place: a key dropped or doubled, a value of another type, a number or text at its edge.

They know nothing of what the values mean, so that keys that are added later are changed, too.
"""

import copy
import json
import random
from typing import Any

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, -0.0, 0.5, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 1e308, -1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
TEXTS = (
    "", " ", "\n", "\0", "a" * 300, "../../outside", "/etc/passwd", "records/../../x-0.parquet", "\x1b[2J\x1b]0;t\x07",
    "\x9b31m", "$x_{", "{", "%s%n", "٣", "\u202eabc", "\ud800", "=cmd()", "-rf", "nan", "1e400", "true", "<script>",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": None}, [None], "text", 7)
DEEP = 200  # levels of a list in a list


class Doubled:
    """In place of an object: its JSON has one key twice, with two values."""

    def __init__(self, whole: dict[str, Any], key: str, second: Any) -> None:
        self.whole, self.key, self.second = whole, key, second


def changed(value: Any, chance: random.Random) -> tuple[Any, str]:
    """The value with one change somewhere in it, and what was changed."""
    root = [copy.deepcopy(value)]
    found = list(places(root))
    holder, key, path = chance.choice(found[1:] or found)
    ways = [_edge, _other_type, _dropped, _doubled, _added, _renamed]
    what = chance.choice(ways)(holder, key, chance)
    return root[0], f"{path}: {what}"


def text(value: Any) -> str:
    """As JSON, with doubled keys, NaN and halves of surrogates."""
    if isinstance(value, Doubled):
        pairs = [*value.whole.items(), (value.key, value.second)]
        return "{" + ", ".join(f"{json.dumps(k)}: {text(v)}" for k, v in pairs) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return json.dumps(value)


def places(holder: Any, path: str = "") -> Any:
    """Every place: what holds it, its key there, and its path."""
    items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
    for key, value in items:
        yield holder, key, f"{path}.{key}"
        yield from places(value, f"{path}.{key}")


def _edge(holder: Any, key: Any, chance: random.Random) -> str:
    value = holder[key]
    holder[key] = chance.choice(TEXTS if isinstance(value, str) else NUMBERS)
    return f"{value!r:.60} becomes {holder[key]!r:.60}"


def _other_type(holder: Any, key: Any, chance: random.Random) -> str:
    nested: Any = []
    for _ in range(DEEP):
        nested = [nested]
    holder[key] = chance.choice((*OTHERS, nested))
    return f"becomes {holder[key]!r:.60}"


def _dropped(holder: Any, key: Any, chance: random.Random) -> str:
    del holder[key]
    return "dropped" if holder or isinstance(holder, dict) else (holder.append(None) or "empty")


def _doubled(holder: Any, key: Any, chance: random.Random) -> str:
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif isinstance(holder[key], dict) and holder[key]:
        inner = holder[key]
        one = chance.choice(list(inner))
        holder[key] = Doubled(inner, one, chance.choice((inner[one], *OTHERS)))
    else:
        return _added(holder, key, chance)
    return "doubled"


def _added(holder: Any, key: Any, chance: random.Random) -> str:
    more = chance.choice((*TEXTS, "step", "name"))
    if isinstance(holder, dict):
        holder[more] = chance.choice((*OTHERS, *NUMBERS, *TEXTS))
    else:
        holder.insert(key, chance.choice((*OTHERS, *NUMBERS, *TEXTS)))
    return f"{more!r:.60} beside it"


def _renamed(holder: Any, key: Any, chance: random.Random) -> str:
    if isinstance(holder, dict):
        holder[chance.choice((key[:-1], key.upper(), *TEXTS))] = holder.pop(key)
    return "renamed"
