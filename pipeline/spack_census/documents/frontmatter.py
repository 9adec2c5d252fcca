"""The bytes of a document → its front matter's fields, or the reason why not.

Two readers give the same fields. `exact` takes apart the one form that the site's script writes,
line by line, and leaves the JSON undecoded; `careful` takes any YAML, within bounds, and says
where it breaks.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple, NoReturn

from spack_census.dataset.layout import PARTITION_VALUE
from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Reason, Rejected
from spack_census.documents.strict import json_value

_OPENING = re.compile(rb"---[ \t]*\n")
_CLOSING = re.compile(rb"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_LATER_MARK = re.compile(rb"^---[ \t]*$", re.MULTILINE)

# A plain scalar that starts with a letter is text in YAML 1.1, but for these words.
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_SNAPSHOT = re.compile(rb"[A-Za-z][A-Za-z0-9._@+-]*")
# The title is printable ASCII without quote and backslash: YAML folds or refuses some of the rest.
_HEAD = re.compile(
    rb'title: "(?! *")(?P<title>[ !#-\[\]-~]+)"\n'
    rb"layout: cache\n"
    rb"categories: \[package, (?P<snapshot>" + _SNAPSHOT.pattern + rb")\]\n"
)
_EXACT_HEAD = re.compile(rb"---\n" + _HEAD.pattern + rb"meta: \{")
_EXACT_MIDDLE = b"}\nspec_details: ["
_JSON_KEY = re.compile(rb"^(meta|spec_details)[ \t]*:", re.MULTILINE)
_JSON_LINE = re.compile(rb"^(meta|spec_details)[ \t]*:[ \t]+([\[{].*)$", re.MULTILINE)


class PlainFields(NamedTuple):
    """The fields of a document in the site's own form; `meta` and `details` are JSON text."""

    title: str
    snapshot: str
    meta: bytes
    details: bytes


def split(data: bytes) -> tuple[bytes, list[str]]:
    """Return the text between the `---` lines, and what was odd around it.

    Raises Rejected for what is no single UTF-8 document with front matter.
    """
    _check_bytes(data)
    warnings = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        warnings.append("starts with a byte order mark")
    if b"\r\n" in data:
        data = data.replace(b"\r\n", b"\n")
        warnings.append("lines end in CR LF")
    opening = _OPENING.match(data)
    if opening is None:
        if data.rstrip() == b"---":
            _unterminated()
        message = "the first line is not ---"
        remedy = "leave the file out of the source, or give it front matter"
        raise Rejected(Reason.NO_FRONT_MATTER, "line 1", message, remedy)
    # The newline of the opening line may be the one before the closing line.
    closing = _CLOSING.search(data, opening.end() - 1)
    if closing is None:
        _unterminated()
    rest = data[closing.end() :]
    if _LATER_MARK.search(rest):
        line = data.count(b"\n", 0, closing.end()) + 1
        message = "a second front matter follows the first"
        remedy = "keep one document in a file"
        raise Rejected(Reason.TWO_DOCUMENTS, f"after line {line - 1}", message, remedy)
    if rest.strip():
        warnings.append("text after the front matter was ignored")
    return data[opening.end() : closing.start()], warnings


def _check_bytes(data: bytes) -> None:
    if len(data) > LIMITS.document_bytes:
        message = f"{len(data):,} bytes; at most {LIMITS.document_bytes:,} are read"
        raise Rejected(Reason.TOO_LARGE, "file", message, "split the document")
    if not data.strip():
        remedy = "download the file again"
        raise Rejected(Reason.EMPTY_DOCUMENT, "file", "the file is empty", remedy)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            place = f"byte {error.start}"
            remedy = "save the file as UTF-8"
            raise Rejected(Reason.NOT_UTF8, place, str(error.reason), remedy) from error
    if (nul := data.find(b"\0")) >= 0:
        message = "a NUL byte stands in the text"
        raise Rejected(Reason.NUL_BYTE, f"byte {nul}", message, "download the file again")


def _unterminated() -> NoReturn:
    message = "no line --- closes the front matter"
    remedy = "the file may be cut short: download it again"
    raise Rejected(Reason.UNTERMINATED_FRONT_MATTER, "end of file", message, remedy)


def peek(head: bytes) -> str | None:
    """Return the snapshot that a document's first bytes name, None where only `parse` can tell."""
    match = _HEAD.match(head, 4) if head.startswith(b"---\n") else None
    return None if match is None else _snapshot(match)


def _snapshot(match: re.Match[bytes]) -> str | None:
    return snapshot_name(match["snapshot"])


@functools.lru_cache(maxsize=1 << 12)
def snapshot_name(text: bytes) -> str | None:
    """Return the text as a snapshot's name, None where it is none or YAML may read it otherwise."""
    if not _SNAPSHOT.fullmatch(text):
        return None
    name = text.decode()
    is_text = name.lower() not in _NOT_TEXT
    return name if is_text and PARTITION_VALUE.fullmatch(name) else None


def exact(data: bytes) -> PlainFields | None:
    """Return the fields of a document in the site's own form, None for any other form.

    Seven lines and no others, the last without a newline, as the site's script writes them.
    """
    head = _EXACT_HEAD.match(data)
    if head is None or (snapshot := _snapshot(head)) is None:
        return None
    middle = data.find(_EXACT_MIDDLE, head.end())
    if not (
        middle >= 0
        and data.endswith(b"]\n---")
        and data.count(b"\n") == 6
        and len(data) <= LIMITS.document_bytes
        and data.isascii()
        and b"\0" not in data
        and b"\r" not in data
    ):
        return None
    meta = data[head.end() - 1 : middle + 1]
    details = data[middle + len(_EXACT_MIDDLE) - 1 : -len(b"\n---")]
    return PlainFields(head["title"].decode(), snapshot, meta, details)


def careful(text: bytes) -> dict[str, Any]:
    """Return the fields of any front matter, decoded; raises Rejected with the place."""
    # The site writes JSON, and a YAML loader takes as long to load as a hundred of its documents.
    from spack_census.documents import anyyaml

    keys = [match[1] for match in _JSON_KEY.finditer(text)]
    fields: dict[str, Any] = {}
    faults: list[Rejected] = []
    remaining = text
    # A key that stands twice is left to YAML, which will say so.
    for match in _JSON_LINE.finditer(text) if len(set(keys)) == len(keys) else ():
        key = match[1].decode()
        try:
            line = text.count(b"\n", 0, match.start()) + 2
            fields[key] = json_value(match[2], key, line, match.start(2) - match.start())
        except Rejected as rejected:
            if rejected.problem.reason is not Reason.BAD_JSON:
                raise
            faults.append(rejected)  # not JSON, but it may be YAML all the same
        else:
            remaining = remaining.replace(match[0], b"", 1)
    try:
        return {**anyyaml.mapping(remaining), **fields}
    except Rejected as rejected:
        if faults and rejected.problem.reason is Reason.BAD_YAML:
            raise faults[0] from rejected
        raise
