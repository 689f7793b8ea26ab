"""Settings of a data set that lies in a file of the user's: its path, its content and the number of classes."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import Field, PrivateAttr, model_validator

from workers.formats import held
from workers.formats.held import Held
from workers.interfaces.dataset import DataSettings, Sizes
from workers.runtime import paths

PATH = "The file; its folder is that of the sweep file, unless it begins with /."


class FileSettings(DataSettings):
    """What the data sets npz and parquet have in common.

    A trial is identified by the content of the file, wherever it lies: another content makes other trials.
    """

    classes: int | None = Field(None, gt=1, description="Number of classes; the largest label and 1 more if absent.")
    content: str | None = Field(
        None, description="Digest of the content, filled in if absent; a file of another content is not trained on."
    )

    @property
    @abstractmethod
    def file(self) -> str:
        """The path of the file, as it is written."""

    _known: Sizes | None = PrivateAttr(None)

    def sizes(self) -> Sizes:
        """What was in the file when these settings were made, or when the sweep was launched that a store keeps:
        figures and estimates do without the file."""
        if self._known is None:
            before = self.at_launch(self.__dict__)
            self._known = before.sizes if before else self.read_sizes()
        return self._known

    @classmethod
    def at_launch(cls, settings: Mapping[str, object]) -> Held | None:
        """What the file of these settings held when the sweep was launched, if that is kept."""
        return held.at_launch(cls._asked(settings))

    @classmethod
    def _asked(cls, settings: Mapping[str, object]) -> str:
        """Of the settings, those that say what is read, as one text."""
        common = DataSettings.model_fields.keys() - {"name"} | {"content"}
        return held.asked({key: settings.get(key) for key in cls.model_fields if key not in common})

    def known(self) -> dict[str, str]:
        """What is known of the file, by what asks for it: with the number of classes, and without if it is the same."""
        found, asking = Held(self.sizes(), str(self.content)).to_text(), [self.__dict__]
        without = self.model_copy(update={"classes": None})
        without._known = None
        with suppress(ValueError):
            asking += [without.__dict__] if without.sizes() == self.sizes() else []
        return {self._asked(settings): found for settings in asking}

    @abstractmethod
    def read_sizes(self) -> Sizes:
        """What is in the file, from headers and labels."""

    @abstractmethod
    def found(self) -> str:
        """The digest of the content as it is now, without reading images where that is possible."""

    def not_identifying(self) -> frozenset[str]:
        """Where the content lies."""
        return frozenset({"path", "test_path"})

    @model_validator(mode="after")
    def _what_is_left_out_is_filled_in(self) -> "FileSettings":
        """Classes that are left out are their number: the same work under one spelling."""
        sizes, before = self.sizes(), self.at_launch(self.__dict__)
        self.__dict__["classes"] = sizes.classes  # a frozen model takes no assignment
        self.__dict__["content"] = self.content or (before.content if before else self.found())
        return self

    def check_content(self) -> None:
        """Raises ValueError where the file has another content than the trial was made for."""
        if (found := self.found()) != self.content:
            raise ValueError(
                f"{paths.resolved(self.file)} has the content {found}, expected {self.content}: it has changed since "
                "the sweep was read, or is another file; restore it, or launch the sweep's file again for trials with "
                "this content"
            )

    @property
    def title(self) -> str:
        """What figures write."""
        return Path(self.file).name


class Unchanged:
    """A file as it is now: equal as long as neither its size nor its time of change differ."""

    def __init__(self, path: str) -> None:
        self.path = paths.existing(path)
        about = self.path.stat()
        self.key = (str(self.path), about.st_size, about.st_mtime_ns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unchanged) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)
