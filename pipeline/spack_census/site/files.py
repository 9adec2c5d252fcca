"""Data files of the explorer: payload → a script that loads from http and from file:// alike.

A browser fetches no data from file://, but runs scripts. So a file is one line,
`census_load("KIND","ID","BASE64 OF GZIP")`, which can hold nothing but base64: no name that
somebody gave a package stands in it as code.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = 1
"""Of all payloads, raised where their shape changes; a page that knows only lower ones says so."""

FOLDER = "data"
INDEX = "index"

_DIGITS = 12
_NAME = re.compile(r"[a-z0-9]+\.[a-z]+\.js")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A payload of some kind, under the start of its SHA-256: it never changes."""

    kind: str
    payload: bytes
    digest: str

    @property
    def name(self) -> str:
        """The file's name below the folder of data."""
        return f"{INDEX}.js" if self.kind == INDEX else f"{self.digest}.{self.kind}.js"

    @property
    def content(self) -> bytes:
        """The script; the same payload gives the same bytes."""
        packed = base64.b64encode(gzip.compress(self.payload, 9, mtime=0)).decode()
        identity = "" if self.kind == INDEX else self.digest
        return f'census_load("{self.kind}","{identity}","{packed}")\n'.encode()


def data_file(kind: str, payload: bytes | Mapping[str, Any]) -> DataFile:
    """Return the file of a payload, bytes or what becomes JSON, which then bears the format."""
    if not isinstance(payload, bytes):
        text = json.dumps(
            {"format": FORMAT, **payload}, separators=(",", ":"), ensure_ascii=False, sort_keys=True
        )
        payload = text.encode()
    return DataFile(kind, payload, hashlib.sha256(payload).hexdigest()[:_DIGITS])


def is_data_file(name: str) -> bool:
    """Tell whether a file's name is one that `DataFile` gives, the index aside."""
    return _NAME.fullmatch(name) is not None
