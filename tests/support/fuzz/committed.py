"""Changes of the committed files of a bundle: its rows (Parquet), its trained weights (safetensors), its checkpoint."""

import io
import json
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.fuzz import json_trees


def _junk(content: bytes, chance: random.Random) -> bytes:
    return b"PAR1" + chance.randbytes(64) + b"PAR1"


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _written(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _without_column(content: bytes, chance: random.Random) -> bytes:
    table = pq.read_table(io.BytesIO(content))
    return _written(table.drop_columns([chance.choice(table.column_names)]))


def _with_null(content: bytes, chance: random.Random) -> bytes:
    table = pq.read_table(io.BytesIO(content))
    place = chance.randrange(table.num_columns)
    field = table.schema.field(place)
    return _written(table.set_column(place, field, pa.nulls(len(table), field.type)))


def _edges(content: bytes, chance: random.Random) -> bytes:
    """One column with one value everywhere, at the edge of its type."""
    table = pq.read_table(io.BytesIO(content))
    place = chance.randrange(table.num_columns)
    field = table.schema.field(place)
    values: Any = {"int64": (-(2**63), -1, 2**63 - 1), "double": (float("nan"), float("inf"), 1e308)}
    value = chance.choice(values.get(str(field.type), [t for t in json_trees.TEXTS if "\ud800" not in t]))
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    column = pa.array([value] * len(table), kind)
    return _written(table.set_column(place, field, column.dictionary_encode() if kind != field.type else column))


def _other_column(content: bytes, chance: random.Random) -> bytes:
    table = pq.read_table(io.BytesIO(content))
    place = chance.randrange(table.num_columns)
    return _written(table.set_column(place, table.column_names[place], pa.array([[b"x"]] * len(table))))


def _no_rows(content: bytes, chance: random.Random) -> bytes:
    return _written(pq.read_table(io.BytesIO(content)).slice(0, 0))


def _header(content: bytes, chance: random.Random) -> bytes:
    """Another header of a safetensors file: names, types, shapes and places of its tensors, and the trials' ids."""
    length = int.from_bytes(content[:8], "little")
    tree = json.loads(content[8 : 8 + length])
    if chance.random() < 0.3:
        ids, _ = json_trees.changed(json.loads(tree["__metadata__"]["trials"]), chance)
        tree["__metadata__"]["trials"] = json_trees.text(ids)
    else:
        tree, _ = json_trees.changed(tree, chance)
    written = json_trees.text(tree).encode("utf-8", "surrogatepass")
    return len(written).to_bytes(8, "little") + written + content[8 + length :]


def _other_networks(content: bytes, chance: random.Random) -> bytes:
    """A tensor more, less, of another name, or of another shape."""
    from safetensors.torch import load, save

    tensors, length = load(content), int.from_bytes(content[:8], "little")
    name = chance.choice(sorted(tensors))
    one = tensors.pop(name)
    how = chance.randrange(4)
    if how:
        named = {1: name + "x", 2: name, 3: "../" + name}[how]
        tensors[named] = one[..., :0].contiguous() if how == 2 else one
    return save(tensors, json.loads(content[8 : 8 + length])["__metadata__"])


def _other_state(content: bytes, chance: random.Random) -> bytes:
    """A checkpoint in which a key is dropped or more, a value is of another type, or a tensor of another shape."""
    import torch

    tree = torch.load(io.BytesIO(content), weights_only=True)
    tensors = [(holder, key) for holder, key, _ in json_trees.places(tree) if isinstance(holder[key], torch.Tensor)]
    if tensors and chance.random() < 0.4:
        holder, key = chance.choice(tensors)
        holder[key] = chance.choice([holder[key][:0], holder[key][None], holder[key].double(), holder[key].flatten()])
    else:
        tree, _ = json_trees.changed(tree, chance)
    out = io.BytesIO()
    torch.save(_savable(tree), out)
    return out.getvalue()


def _savable(value: Any) -> Any:
    if isinstance(value, json_trees.Doubled):
        return value.whole
    if isinstance(value, dict):
        return {key: _savable(inner) for key, inner in value.items()}
    return [_savable(inner) for inner in value] if isinstance(value, list) else value


Way = Callable[[bytes, random.Random], bytes]
ROWS: list[Way] = [_junk, _cut, _without_column, _with_null, _edges, _other_column, _no_rows]
WAYS: dict[str, list[Way]] = {
    ".parquet": ROWS,
    ".safetensors": [_header, _other_networks, _cut, _junk],
    ".bin": [_other_state, _cut, _junk],
}
