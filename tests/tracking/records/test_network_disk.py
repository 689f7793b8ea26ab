"""A store on SSHFS, with its caches, as another machine sees it: new files with old lengths are no damage."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.launching.waiting import until
from tracking.records import layout
from tracking.records.files.storage import LAG_S
from tracking.records.manifests.manifest import TrialEntry
from tracking.records.provenance import Provenance
from tracking.records.rows import Row
from tracking.records.store import Store
from tracking.records.writer import Writer

SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
SERVER = next((path for path in SERVERS if Path(path).exists()), "")
LACKING = [name for name, there in (("sshfs", shutil.which("sshfs")), ("sftp-server", SERVER)) if not there]
pytestmark = pytest.mark.skipif(bool(LACKING), reason=f"needs {' and '.join(LACKING)}")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A folder that shows the folder `there` beside it as SSHFS does. No network: the two ends share a socket."""
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    one, other = socket.socketpair()
    with one, other:
        server = subprocess.Popen([SERVER], stdin=one, stdout=one)
        command = ["sshfs", f":{there}", str(here), "-f", "-o", "passive"]
        disk = subprocess.Popen(command, stdin=other, stdout=other, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: here.is_mount() or disk.poll() is not None, "the disk")
        if disk.poll() is not None:
            pytest.skip(f"SSHFS cannot be mounted here: {disk.communicate()[1].strip()}")
        yield here
    finally:
        subprocess.run(["umount", "-l", str(here)], capture_output=True)
        for process in (disk, server):
            process.terminate()
            process.communicate()


def test_a_manifest_that_shows_with_its_old_length_is_read_again(mounted: Path) -> None:
    there, here = Store(str(mounted.parent / "there/runs")), Store(str(mounted / "runs"))
    writer = Writer.begin(there, "b", "misbehaving", [TrialEntry("t", "c", {"seed": 0})], Provenance())
    name = layout.manifest("b")
    for step in range(2):
        writer.add([Row("t", step, "test", "error", "", 1 / (step + 3))], {})
        writer.commit(step, b"state")
        if step == 0:
            old = there.files.read(name)
    new = Path(there.files.path(name)).rename(mounted.parent / "new")
    there.files.write(name, old)
    until(lambda: here.files.read(name) == old, "the old manifest")
    assert [info.size for info in here.files.listing("records/b") if info.name == name] == [
        len(old)
    ]  # now it is cached
    new.rename(there.files.path(name))  # as the commit of another machine
    assert here.manifest("b").step == 1
    assert 0 < here.files.lag_s < LAG_S, "it was never shown with its old length: nothing was tested"
    assert not list(mounted.rglob("*.damaged"))
