"""What a data file held when its sweep was launched. A store keeps it with the sweep, whose records are read without
the file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter

from tracking.common.named_files.user_files import current
from workers.interfaces.dataset import Sizes


@dataclass(frozen=True)
class Held:
    """How much there was, and the digest of it."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    sizes: Sizes
    content: str

    def to_text(self) -> str:
        """As JSON."""
        return _ADAPTER.dump_json(self).decode()


_ADAPTER = TypeAdapter(Held)


def asked(settings: Mapping[str, object]) -> str:
    """The settings that say which file is read, and how, as one text: what is known of the file is found by it."""
    return json.dumps(settings, sort_keys=True)


def at_launch(asked: str) -> Held | None:
    """What the store keeps of the file, of a sweep that was read from a store; else None."""
    known = current().data.get(asked)
    return _ADAPTER.validate_json(known) if known else None
