"""Object stores, s3://BUCKET/PREFIX and gs://BUCKET/PREFIX: by obstore, which is an extra.

Whatever it needs to know, credentials above all, obstore takes from the environment by itself;
nothing of it passes through here. Unlike a web server a bucket tells what it holds.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from spack_census.disk import durable
from spack_census.documents.limits import LIMITS
from spack_census.errors import SourceError
from spack_census.fetch import addresses
from spack_census.fetch.attempts import NotAdmittedError
from spack_census.fetch.parts import Part
from spack_census.fetch.patience import RETRY, Patience
from spack_census.fetch.reach import is_here
from spack_census.fetch.remote import MEND, Download, OnBytes, Status, Wanted
from spack_census.fetch.state import Known
from spack_census.sources.audit.files import Stat

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import GCSStore, S3Store

_INSTALL = "install it: python -m pip install 'spack-census[cloud]'"
_CREDENTIALS = {
    "s3": "credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for anyone: "
    "AWS_SKIP_SIGNATURE=true; elsewhere: AWS_REGION, AWS_ENDPOINT_URL",
    "gs": "credentials: GOOGLE_APPLICATION_CREDENTIALS=FILE; for anyone: "
    "GOOGLE_SKIP_SIGNATURE=true",
}
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_REQUEST = timedelta(minutes=10)
"""What one request may take, body and all."""
_CONNECTIONS = 8
_AT_A_TIME = 256
"""Small objects that wait to be looked at."""
_QUERY = re.compile(r"\?\S+")


def is_bucket(url: str) -> bool:
    """Tell whether an address is one of an object store that is not read over HTTP."""
    scheme = url.partition(":")[0].lower()
    return scheme in _CREDENTIALS and not addresses.is_public(url)


class Bucket:
    """Brings objects of one bucket here, and tells which it holds."""

    def __init__(self, base: str, patience: Patience) -> None:
        """Make ready to read below an address; raises SourceError where obstore is missing."""
        parts = addresses.checked(base)
        self.halted = threading.Event()
        self.hints = (_CREDENTIALS[parts.scheme],)
        self._base, self._bucket, self._scheme = base.rstrip("/"), parts.netloc, parts.scheme
        if not self._bucket:
            message = f"{addresses.shown(base)} names no bucket"
            raise SourceError(message, f"write {parts.scheme}://BUCKET/PREFIX")
        try:
            with self._errors(base):
                self._store = _store(parts.scheme, self._bucket, patience)
        except ImportError as error:
            message = f"{parts.scheme}:// is read by obstore, which is not installed"
            raise SourceError(message, _INSTALL) from error

    def listed_url(self, url: str) -> str:
        """Return what a list names, in the same bucket; raises SourceError for another place."""
        parts = addresses.checked(url)
        if (parts.scheme, parts.netloc) != (self._scheme, self._bucket):
            message = f"the list names another place than its own bucket, {addresses.shown(url)}"
            raise SourceError(message, "fetch that by its own address")
        return url

    def names(self, folder: str, *, deep: bool = True) -> dict[str, Stat]:
        """Return the objects in a folder below the address, and with `deep` in those below.

        Raises SourceError, NotAdmittedError where they may not be listed.
        """
        import obstore
        from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

        url = f"{self._base}/{folder}".rstrip("/")
        key, root = _key(url), _key(self._base)
        denied = (PermissionDeniedError, UnauthenticatedError)
        try:
            with self._errors(url, *denied):
                if deep:
                    found = [each for some in obstore.list(self._store, key) for each in some]
                else:
                    found = [*obstore.list_with_delimiter(self._store, key)["objects"]]
        except denied as error:
            message = f"{addresses.shown(url)} may not be listed"
            raise NotAdmittedError(message, *self.hints) from error
        return {
            each["path"].removeprefix(root).lstrip("/"): Stat(
                each["size"], int(each["last_modified"].timestamp() * 1e9)
            )
            for each in found
        }

    def bring(self, wanted: Wanted, on_bytes: OnBytes) -> Download:
        """Bring a file up to date with its object."""
        import obstore
        from obstore.exceptions import NotModifiedError, PermissionDeniedError

        etag = wanted.known.etag
        try:
            with self._errors(wanted.url, NotModifiedError, PermissionDeniedError):
                key = _key(wanted.url)
                found = obstore.get(
                    self._store, key, options={"if_none_match": etag} if etag else {}
                )
        except NotModifiedError:
            return Download(Status.UNCHANGED, wanted.known)
        except (FileNotFoundError, PermissionDeniedError):
            # A bucket that may not be listed denies what it lacks.
            return Download(Status.MISSING, Known())
        with durable.errors(wanted.path, MEND), self._errors(wanted.url):
            return self._taken(found, wanted, on_bytes)

    def _taken(self, found: GetResult, wanted: Wanted, on_bytes: OnBytes) -> Download:
        place = addresses.shown(wanted.url)
        if found.meta["size"] > LIMITS.index_bytes:
            message = f"{place} is more than {LIMITS.index_bytes:,} bytes"
            raise SourceError(message, "no index is as large: is it one?")
        part = Part(wanted.folder, wanted.relative)
        part.begin(0, None)
        try:
            for chunk in found.stream():
                if self.halted.is_set():
                    raise SourceError("the fetch was ended", RETRY)
                part.add(bytes(chunk))
                on_bytes(len(chunk))
            if part.size != found.meta["size"]:
                raise SourceError(f"{place}: {part.size:,} bytes came", RETRY)
            if wanted.sha256 not in (None, part.sha256):
                message = f"{place} has the SHA-256 {part.sha256}, not the one in its name"
                raise SourceError(message, "push it again")
        except BaseException:
            part.remove()
            raise
        known = Known(part.size, part.sha256, found.meta["e_tag"])
        part.put(wanted.path)
        return Download(Status.NEW, known)

    @property
    def place(self) -> str:
        """The address."""
        return self._base

    def read(self, relative: str) -> bytes:
        """Return the bytes of an object; raises SourceError, also where it is not there."""
        return b"".join(self._chunks(relative))

    def read_each(self, relatives: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each of these objects with its bytes, several at a time; raises SourceError."""
        waiting = iter(relatives)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            while some := list(itertools.islice(waiting, _AT_A_TIME)):
                yield from zip(some, pool.map(self.read, some), strict=True)

    def sha256(self, relative: str) -> str:
        """Return the SHA-256 of an object; raises SourceError."""
        digest = hashlib.sha256()
        for chunk in self._chunks(relative):
            digest.update(chunk)
        return digest.hexdigest()

    def _chunks(self, relative: str) -> Iterator[bytes]:
        import obstore
        from obstore.exceptions import PermissionDeniedError

        url = f"{self._base}/{quote(relative)}"
        try:
            with self._errors(url, PermissionDeniedError):
                for chunk in obstore.get(self._store, _key(url)).stream():
                    yield bytes(chunk)
        except (FileNotFoundError, PermissionDeniedError) as error:
            message = f"{addresses.shown(url)} is gone, or may not be read"
            raise SourceError(message, *self.hints) from error

    @contextmanager
    def _errors(self, url: str, *passed: type[Exception]) -> Iterator[None]:
        """Turn what obstore raises into errors with the address, but for these and what is gone."""
        from obstore.exceptions import BaseError

        try:
            yield
        except passed:
            raise
        except (BaseError, ValueError) as error:
            # Below the first line stands all that the library knows.
            said = addresses.without_secrets(str(error).partition("\n")[0])
            message = f"{addresses.shown(url)}: {_QUERY.sub('?…', said)[:300]}"
            raise SourceError(message, *self.hints) from error


def _store(scheme: str, bucket: str, patience: Patience) -> S3Store | GCSStore:
    from obstore.store import GCSStore, S3Store

    retry_timeout = timedelta(seconds=patience.download_seconds)
    kind = S3Store if scheme == "s3" else GCSStore
    return kind(
        bucket,
        client_options={"allow_http": scheme == "s3" and _may_be_http(), "timeout": _REQUEST},
        retry_config={"max_retries": patience.attempts - 1, "retry_timeout": retry_timeout},
    )


def _may_be_http() -> bool:
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    if os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"):
        return True
    parts = urlsplit(endpoint)
    if parts.scheme != "http":
        return False
    if not is_here(parts.hostname or ""):
        message = f"what {addresses.shown(endpoint)} holds would travel over http"
        raise SourceError(message, "name its https address, or mean it: AWS_ALLOW_HTTP=true")
    return True


def _key(url: str) -> str:
    return unquote(urlsplit(url).path).strip("/")
