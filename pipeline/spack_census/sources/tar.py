"""The members of a tar archive, compressed or not, read forward once and within bounds.

`tarfile` alone is not enough for archives that nobody vouches for: it ends in silence at a broken
or missing header, and reads extended headers of any size into memory.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from spack_census.documents.limits import LIMITS
from spack_census.errors import SourceError

HEAD_BYTES = 512
_HEADER_BYTES = 1024 * 1024
"""What the headers of one member may take: long names and extended attributes stand there."""
_CHUNK_BYTES = 1024 * 1024
_XZ_MEMORY_BYTES = 256 * 1024 * 1024
"""Four times what `xz -9` needs."""
_PROPER_END = tarfile.EOFHeaderError  # type: ignore[attr-defined] # typeshed lacks it
"""A block of zeros."""


class Member(NamedTuple):
    """One member of an archive; `read` returns its bytes and can be called until the next one."""

    name: str
    size: int
    is_folder: bool
    is_regular: bool
    read: Callable[[], bytes]


def _zstd(path: Path) -> Any:
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")


class _Xz:
    """An xz file read forward: `lzma.open` would take as much memory as the file asks for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._stream = lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)
        self._is_between = True
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; raises EOFError where that comes early."""
        while True:
            chunk = b""
            if self._is_between or self._stream.needs_input:
                found, self._rest = self._rest or self._file.read(_CHUNK_BYTES), b""
                if not found and not self._is_between:
                    raise EOFError("it ends early")
                if not found:
                    return b""
                # Zeros may stand between streams, of which there are several in joined files.
                chunk = found.lstrip(b"\0") if self._is_between else found
                self._is_between = not chunk
                if not chunk:
                    continue
            data = self._stream.decompress(chunk, size)
            if self._stream.eof:
                self._is_between, self._rest = True, self._stream.unused_data
                self._stream = lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)
            if data:
                return data


_COMPRESSIONS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\xfd7zXZ\x00": _Xz,
    b"BZh": bz2.open,
}


def compression(head: bytes) -> Callable[[Path], Any] | None:
    """Return what opens a file that begins like this for reading, None where it is plain."""
    return next((opener for mark, opener in _COMPRESSIONS.items() if head.startswith(mark)), None)


def is_tar(head: bytes) -> bool:
    """Tell whether a file that begins like this is a plain tar archive."""
    return head[257:262] == b"ustar"


def members(path: Path) -> Iterator[Member]:
    """Yield the members of a tar archive in its order.

    Raises SourceError where the archive costs too much, and whatever `tarfile` and the
    decompressors raise where it is broken or ends early.
    """
    with path.open("rb") as file:
        opener = compression(file.read(HEAD_BYTES))
    with path.open("rb") if opener is None else opener(path) as raw:
        stream = _Stream(raw, is_plain=opener is None)
        archive = tarfile.TarFile(fileobj=stream, tarinfo=_Header)  # type: ignore[arg-type]
        offset = -1
        while (header := _next(archive, stream)) is not None:
            # A negative size would lead back, and round in a circle.
            if header.size < 0 or header.offset <= offset:
                raise ValueError(f"a member of {header.size} bytes")
            offset = header.offset
            yield _member(header, stream)
        stream.drain()


def _next(archive: tarfile.TarFile, stream: _Stream) -> tarfile.TarInfo | None:
    stream.allowance = None
    # The first header was read at once, and its member's contents are still to come.
    is_first = archive.firstmember is not None  # type: ignore[attr-defined] # typeshed lacks it
    if not is_first and stream.tell() < archive.offset:
        stream.seek(archive.offset - 1)
    stream.allowance = _HEADER_BYTES
    header = archive.next()
    stream.allowance = None
    # The list of all members would grow to gigabytes.
    archive.members.clear()  # type: ignore[attr-defined] # typeshed lacks it
    return header


def _member(header: tarfile.TarInfo, stream: _Stream) -> Member:
    def read() -> bytes:
        stream.seek(header.offset_data)
        data = stream.read(header.size)
        if len(data) < header.size:
            raise EOFError("it ends early")
        return data

    is_regular = header.isreg() and not header.issparse()
    return Member(header.name, header.size, header.isdir(), is_regular, read)


class _Header(tarfile.TarInfo):
    """A header that is broken or missing is an error; `tarfile` would take it for the end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Header:
        """Return the next header; raises EOFError where there is none and no proper end."""
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if isinstance(error, _PROPER_END):
                raise
            raise EOFError(f"it ends early, or is no tar archive ({error})") from error


class _Stream:
    """A file read forward; where it is plain, what is passed over is not read at all."""

    def __init__(self, raw: Any, *, is_plain: bool) -> None:
        self._raw = raw
        self._is_plain = is_plain
        self._position = 0
        self.allowance: int | None = _HEADER_BYTES
        """How much may still be read, None for no bound of its own."""

    def tell(self) -> int:
        return self._position

    def read(self, size: int) -> bytes:
        if self.allowance is not None:
            self.allowance -= size
            if self.allowance < 0:
                raise ValueError(
                    f"the headers of one member take more than {_HEADER_BYTES:,} bytes"
                )
        chunks = []
        while size > 0 and (chunk := self._raw.read(min(size, _CHUNK_BYTES))):
            chunks.append(chunk)
            size -= len(chunk)
            self._advance(len(chunk))
        return b"".join(chunks)

    def seek(self, position: int) -> None:
        distance = position - self._position
        if distance < 0:
            raise ValueError("a member lies before the one it follows")
        if self._is_plain:
            self._raw.seek(position)
            self._advance(distance)
        while self._position < position:
            chunk = self._raw.read(min(position - self._position, _CHUNK_BYTES))
            if not chunk:
                raise EOFError("it ends early")
            self._advance(len(chunk))

    def drain(self) -> None:
        """Read on to the end of the file: only there do most compressions check their sums."""
        while not self._is_plain and (chunk := self._raw.read(_CHUNK_BYTES)):
            self._advance(len(chunk))

    def _advance(self, size: int) -> None:
        self._position += size
        if self._position > LIMITS.archive_bytes:
            message = f"the archive unpacks to more than {LIMITS.archive_bytes:,} bytes"
            raise SourceError(message, "build a part of it, or unpack it and build the folder")
