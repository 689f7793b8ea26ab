"""Parquet files with a column of images and a column of labels.

Images are encoded (PNG, JPEG, ...), as bytes or as the structure of the Hugging Face hub, or lists of numbers, nested
as the image is. N examples, H W height and width, K channels.
"""

import hashlib
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.common.whole_files import replacing
from workers.formats import arrays
from workers.interfaces.images import Labels
from workers.runtime import cache

MODES = ("L", "LA", "RGB", "RGBA")  # colours that are kept as they are; others become RGB

LOG = logging.getLogger(__name__)


class Columns(NamedTuple):
    """Names of the columns. split: "" where every row is of the same split."""

    image: str
    label: str
    split: str = ""


class Table(NamedTuple):
    """Images (N, ...) as they are in the files, labels, and whether any image is stored as JPEG."""

    images: NDArray[Any]
    labels: Labels
    jpeg: bool


def kept(files: Sequence[Path], columns: Columns, part: str = "") -> Table:
    """The rows of the files, of those in which `split` is `part`; encoded images are decoded once on this machine.

    Raises ValueError for a column that is not what it should be.
    """
    if not _holds_encoded(files[0], columns.image):
        return _read(files, columns, part)
    chosen = hashlib.sha256(repr((columns, part)).encode()).hexdigest()[:8]
    copy = cache.folder() / f"decoded-{cache.fingerprint(list(files))}-{chosen}.npz"
    if not copy.exists():
        table = _read(files, columns, part)
        try:
            with replacing(copy) as (temporary,), temporary.open("wb") as out:
                np.savez(out, *table)
        except OSError as error:  # a full disk: the next process decodes them again
            LOG.info("note     decoded images are not kept: %s", error)
            return table
    with np.load(copy, allow_pickle=False) as found:
        images, labels, jpeg = (found[f"arr_{i}"] for i in range(3))
    return Table(images, labels, bool(jpeg))


def split(file: Path, columns: Columns, part: str, what: str) -> arrays.Split:
    """What a split has, by the labels and one image. what: what messages call the split."""
    labels = _labels(_rows(file, columns, part, [columns.label]), columns.label, what)
    first, _ = _images(_column(file, columns.image, 1), columns.image)
    header = arrays.Header(f"'{columns.image}' of {what}", (len(labels), *first.shape[1:]), first.dtype)
    return arrays.Split(header, labels, f"'{columns.label}' of {what}")


def parts(file: Path, column: str) -> list[str]:
    """The values of the column that says which split a row is of."""
    import pyarrow.compute as pc

    return sorted(map(str, pc.unique(_column(file, column)).to_pylist()))


def columns_of(file: Path) -> list[str]:
    """The names of the columns of a file. Raises ValueError where it is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(file).names)
    except pa.ArrowInvalid as error:
        raise ValueError(f"is no Parquet file ({error})") from error


def _read(files: Sequence[Path], columns: Columns, part: str) -> Table:
    import pyarrow as pa

    table = pa.concat_tables([_rows(file, columns, part, [columns.image, columns.label]) for file in files])
    images, jpeg = _images(table[columns.image], columns.image)
    return Table(images, _labels(table, columns.label, files[0].name), jpeg)


def _rows(file: Path, columns: Columns, part: str, wanted: list[str]) -> Any:
    import pyarrow.parquet as pq

    filters = [(columns.split, "==", part)] if columns.split else None
    return pq.read_table(file, columns=wanted, filters=filters)


def _column(file: Path, name: str, rows: int = 0) -> Any:
    """A column of a file; only its first rows, where that is enough."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not rows:
        return pq.read_table(file, columns=[name])[name]
    with pq.ParquetFile(file) as content:
        batches = list(content.iter_batches(batch_size=rows, columns=[name]))[:1]
    return pa.chunked_array([batches[0].column(0)]) if batches else pa.chunked_array([], type=pa.null())


def _labels(table: Any, name: str, what: str) -> Labels:
    import pyarrow as pa

    column = table[name]
    if not pa.types.is_integer(column.type) or column.null_count:
        found = f"{column.type} with {column.null_count} missing" if column.null_count else column.type
        raise ValueError(f"'{name}' of {what} must be integers from 0 to classes - 1, got {found}")
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _holds_encoded(file: Path, column: str) -> bool:
    """Whether a column has encoded images, by the file's schema: its first row alone would cost a whole row group."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(file)
    return column in schema.names and _is_encoded(schema.field(column).type)


def _is_encoded(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.field("bytes").type if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 else kind
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _images(column: Any, name: str) -> tuple[NDArray[Any], bool]:
    """Images (N, ...), and whether any is stored as JPEG."""
    import pyarrow as pa

    if column.null_count:
        raise ValueError(f"'{name}' has {column.null_count} missing images; leave those rows out")
    if _is_encoded(column.type):
        return _decoded(column.to_pylist(), name)
    if not _is_list(column.type):
        raise ValueError(
            f"'{name}' must hold encoded images or lists of numbers, got {column.type}; name the column by `image`"
        )
    return _numbers(pa.concat_arrays(column.chunks), name), False


def _numbers(lists: Any, name: str) -> NDArray[Any]:
    """An array of nested lists, all of the same lengths. Integers become bytes."""
    import pyarrow.compute as pc

    shape = [len(lists)]
    while _is_list(lists.type):
        lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
        if len(lengths) != 1 or lengths[0] is None:
            raise ValueError(f"'{name}' has lists of different lengths, {lengths[:5]}; all images must be of one shape")
        shape.append(lengths[0])
        lists = lists.flatten()
    values = lists.to_numpy(zero_copy_only=False).reshape(shape)
    if values.dtype.kind not in "iu":
        return np.asarray(values)
    if values.size and not 0 <= values.min() <= values.max() <= 255:
        raise ValueError(
            f"'{name}' has integers from {values.min()} to {values.max()}: integers are pixels from 0 to 255; "
            "store other numbers as floating-point numbers"
        )
    return np.asarray(values, dtype=np.uint8)


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _decoded(items: list[Any], name: str) -> tuple[NDArray[np.uint8], bool]:
    images, jpeg = [], False
    for array, is_jpeg in map(_image, (item["bytes"] if isinstance(item, dict) else item for item in items)):
        jpeg |= is_jpeg
        images.append(array)
        if array.shape != images[0].shape:
            raise ValueError(
                f"'{name}' has an image of {array.shape} at row {len(images) - 1} and one of {images[0].shape} before; "
                "all images must be of one shape"
            )
    return np.stack(images), jpeg


def _image(content: bytes) -> tuple[NDArray[np.uint8], bool]:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        known = image if image.mode in MODES else image.convert("RGB")
        return np.asarray(known), image.format == "JPEG"
