"""Settings of a data set that lies in a file of the user's: its path and the number of classes."""

from abc import abstractmethod
from pathlib import Path

from pydantic import Field, model_validator

from workers.interfaces.dataset import DataSettings, Sizes
from workers.runtime import paths

PATH = "The file; its folder is that of the sweep file, unless it begins with /."


class FileSettings(DataSettings):
    """What the data sets npz and parquet have in common."""

    classes: int | None = Field(None, gt=1, description="Number of classes; the largest label and 1 more if absent.")

    @property
    @abstractmethod
    def file(self) -> str:
        """The path of the file, as it is written."""

    @abstractmethod
    def sizes(self) -> Sizes:
        """What is in the file: headers and labels are read, and kept as long as the file stays as it is."""

    @model_validator(mode="after")
    def _classes_are_a_number(self) -> "FileSettings":
        """Classes that are left out are their number: the same work under one spelling."""
        self.__dict__["classes"] = self.sizes().classes  # a frozen model takes no assignment
        return self

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
