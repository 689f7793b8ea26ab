"""Conditional puts to S3: an object is created only where there is none, and replaced only where it is as it was read.

pyarrow has no such requests; obstore has. Leases are written with them (`lease.py`). Google's store has them, too, but
no emulator that the tests could run them against: leases there are written without.
"""

import importlib.util
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

from tracking.common.errors import StorageFailed

if TYPE_CHECKING:
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Config

T = TypeVar("T")


class Tagged(NamedTuple):
    """The content of an object, and the tag (ETag) that this content has in the store."""

    content: bytes
    tag: str


class ConditionalPuts:
    """Small objects below one root, s3://bucket/path?options, with pyarrow's options and credentials.

    region: of the bucket. Credentials are read from the environment, from roles of the machine and, where boto3 is
    installed, from the user's profiles. Every method raises StorageFailed where the store does not answer, after trying
    again for `patience_s` seconds.
    """

    def __init__(self, root: str, region: str, patience_s: float) -> None:
        from obstore.store import S3Store

        address = urlsplit(root)
        options = dict(parse_qsl(address.query))
        config: S3Config = {"region": region}
        scheme = options.get("scheme", "https")  # as pyarrow has it
        if endpoint := options.get("endpoint_override"):
            config["endpoint"] = endpoint if "://" in endpoint else f"{scheme}://{endpoint}"
        self.root = f"{address.netloc}{address.path}"
        self._store: S3Store = S3Store(
            address.netloc,
            prefix=address.path.strip("/") or None,
            config=config,
            client_options={"allow_http": True},
            retry_config={"retry_timeout": timedelta(seconds=patience_s)},
            credential_provider=_profile(),
        )

    def read(self, name: str) -> Tagged:
        """Raises FileNotFoundError."""
        found = self._asked(name, lambda: self._store.get(name))
        return Tagged(bytes(found.bytes()), found.meta["e_tag"] or "")

    def create(self, name: str, content: bytes) -> str | None:
        """The tag of the new object; None where there already is another with this name."""
        from obstore.exceptions import AlreadyExistsError

        try:
            return self._asked(name, lambda: self._store.put(name, content, mode="create"))["e_tag"]
        except AlreadyExistsError:
            return self._own(name, content)

    def replace(self, name: str, content: bytes, tag: str) -> str | None:
        """The tag of the new content; None where the object has no longer the tag with which it was read, or is
        gone."""
        from obstore.exceptions import PreconditionError

        try:
            return self._asked(name, lambda: self._store.put(name, content, mode={"e_tag": tag}))["e_tag"]
        except PreconditionError:
            return self._own(name, content)

    def _own(self, name: str, content: bytes) -> str | None:
        """The tag of an object that a put made whose reply was lost: the second attempt finds what the first wrote."""
        try:
            found = self.read(name)
        except FileNotFoundError:
            return None
        return found.tag if found.content == content else None

    def _asked(self, name: str, act: Callable[[], T]) -> T:
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        try:
            return act()
        except (AlreadyExistsError, PreconditionError):
            raise
        except BaseError as error:
            raise StorageFailed(None, str(error).splitlines()[0], f"{self.root}/{name}") from error


def _profile() -> "Boto3CredentialProvider | None":
    """The credentials of the user's profile, which obstore does not read; None where the environment has to do."""
    if importlib.util.find_spec("boto3") is None:
        return None
    import boto3
    from obstore.auth.boto3 import Boto3CredentialProvider

    session = boto3.session.Session()
    return Boto3CredentialProvider(session) if session.get_credentials() else None
