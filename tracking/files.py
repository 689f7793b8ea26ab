"""Files of a store, on a local disk or in an object store: read, list, and write so that a name means a whole file."""

import hashlib
import os
from pathlib import Path

import pyarrow.fs as pafs


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


class Files:
    """The files below one root: a directory or a URI that pyarrow knows (s3://, gs://, ...)."""

    def __init__(self, root: str) -> None:
        self.local = "://" not in root or root.startswith("file://")
        if self.local:
            self.root = str(Path(root.removeprefix("file://")).absolute())
            self.fs: pafs.FileSystem = pafs.LocalFileSystem()
        else:
            self.fs, self.root = pafs.FileSystem.from_uri(root)

    def path(self, name: str) -> str:
        """Where `name` is; refuses names that lead out of the root."""
        if name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"a file of the store must lie inside it, got '{name}'")
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes:
        """The whole file. Raises FileNotFoundError."""
        with self.fs.open_input_stream(self.path(name)) as stream:
            return bytes(stream.read())

    def write(self, name: str, content: bytes) -> None:
        """Replaces `name` in one step: after a crash it is the old file or the new one, on the disk, never a part."""
        path = self.path(name)
        if not self.local:
            with self.fs.open_output_stream(path) as stream:
                stream.write(content)
            return
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        temporary = f"{path}.{os.getpid()}.tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(folder)

    def names(self, folder: str, ending: str) -> list[str]:
        """Names below `folder`, at any depth, that end so; sorted; none when the folder does not exist."""
        selector = pafs.FileSelector(self.path(folder), recursive=True, allow_not_found=True)
        found = (info.path for info in self.fs.get_file_info(selector) if info.type == pafs.FileType.File)
        start = len(self.root) + 1
        return sorted(path[start:] for path in found if path.endswith(ending))

    def delete(self, names: list[str]) -> None:
        """Deletes files; those that are gone already do not matter."""
        for name in names:
            if self.fs.get_file_info(self.path(name)).type == pafs.FileType.File:
                self.fs.delete_file(self.path(name))


def _sync_folder(folder: str) -> None:
    """A rename is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
