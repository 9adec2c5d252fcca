"""`spec_details` → records: a fast reader for what is right, a careful one that says what is wrong.

The fast reader takes a whole list or nothing. What it takes must be exactly what the careful
reader would take: msgspec checks names and types, `_keys_are_unique` what msgspec does not.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from spack_census import spelling
from spack_census.config import LIMITS, PARTITION_VALUE
from spack_census.records import Problem, Reason, Record, Rejected
from spack_census.versions import version_key

HASH = re.compile(r"[a-z2-7]{32}")
_NEW_COMPILERS = frozenset(
    ("acfl", "intel-oneapi-compilers", "intel-oneapi-compilers-classic", "llvm", "llvm-amdgpu")
)
"""Compilers under their package names, where documents before generation 7 had other names."""


class Spec(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One entry of `spec_details` as it stands in the document."""

    compiler: str
    hash: str
    os: str
    platform: str
    stacks: tuple[str, ...]
    target: str
    variants: tuple[str, ...]
    versions: tuple[str, ...]
    size: str | int | float | UnsetType | None = UNSET
    tarball: str | UnsetType | None = UNSET


class Decoded(NamedTuple):
    """What one `spec_details` holds, with the marks of its generation."""

    records: list[Record]
    problems: list[Problem]
    unknown_keys: list[str]
    num_seen: int
    generation: int
    hash_epoch: int | None


_SPECS = msgspec.json.Decoder(list[Spec])
_FIELDS = frozenset(Spec.__struct_fields__)


def fast(package: str, details: bytes) -> Decoded | None:
    """Return the records of a faultless list, None where the careful reader has to look."""
    try:
        specs = _SPECS.decode(details)
        if not _keys_are_unique(specs, details):
            return None
        records = [to_record(package, spec) for spec in specs]
    except (msgspec.MsgspecError, Rejected, RecursionError):
        return None
    if len({record.hash for record in records}) < len(records):
        return None
    return Decoded(records, [], [], len(specs), *_generation(specs))


def _keys_are_unique(specs: list[Spec], details: bytes) -> bool:
    """Tell whether no key stands twice in an object: msgspec would take the last in silence.

    Without a backslash and without white space before a colon, `":` closes each key, and a
    text that starts with a colon can only add to their number: more than expected, so False.
    """
    if b"\\" in details or b" :" in details or b"\t" in details or b"\r" in details:
        return False
    optional = [spec.size for spec in specs] + [spec.tarball for spec in specs]
    return details.count(b'":') == 10 * len(specs) - optional.count(UNSET)


def careful(package: str, details: Any) -> Decoded:
    """Return the records of a decoded list and a problem for each spec that cannot be used.

    Raises Rejected where the list itself is none.
    """
    if not isinstance(details, list):
        message = f"a list of specs belongs here, not {type(details).__name__}"
        remedy = "build the document again from the build cache"
        raise Rejected(Reason.WRONG_TYPE, "spec_details", message, remedy)
    records: dict[str, Record] = {}
    problems: list[Problem] = []
    specs: list[Spec] = []
    unknown_keys: set[str] = set()
    for index, entry in enumerate(details):
        try:
            spec, extra = _convert(entry)
            record = to_record(package, spec)
            if record.hash in records:
                message = "an earlier spec of this document has the same hash"
                raise _fault(Reason.DUPLICATE_HASH, ".hash", message)
        except Rejected as rejected:
            problem = rejected.problem
            place = f"spec_details[{index}]{problem.place}"
            problems.append(msgspec.structs.replace(problem, place=place, hash=_hash_of(entry)))
            continue
        unknown_keys |= extra
        records[record.hash] = record
        specs.append(spec)
    return Decoded(
        list(records.values()), problems, sorted(unknown_keys), len(details), *_generation(specs)
    )


def _convert(entry: Any) -> tuple[Spec, set[str]]:
    if not isinstance(entry, dict):
        message = f"a spec belongs here, not {type(entry).__name__}"
        raise _fault(Reason.WRONG_TYPE, "", message)
    extra = entry.keys() - _FIELDS
    known = {key: value for key, value in entry.items() if key in _FIELDS}
    try:
        return msgspec.convert(known, Spec), {str(key) for key in extra}
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        missing = "missing required field" in message
        reason = Reason.MISSING_KEY if missing else Reason.WRONG_TYPE
        raise _fault(reason, place.removesuffix("`"), message) from error


def _hash_of(entry: Any) -> str | None:
    value = entry.get("hash") if isinstance(entry, dict) else None
    return value if isinstance(value, str) and HASH.fullmatch(value) else None


def _fault(reason: Reason, place: str, message: str) -> Rejected:
    return Rejected(reason, place, message, "report it to the site, or mend this spec")


def to_record(package: str, spec: Spec) -> Record:
    """Return the record of one spec; raises Rejected with the place below the spec."""
    if not HASH.fullmatch(spec.hash):
        raise _fault(Reason.BAD_HASH, ".hash", f"{spec.hash!r} is not 32 base32 characters")
    if len(spec.versions) != 1:
        message = f"exactly one version belongs here, not {len(spec.versions)}"
        raise _fault(Reason.BAD_VERSION, ".versions", message)
    if not spec.os.strip():
        raise _fault(Reason.EMPTY_NAME, ".os", "the operating system has no name")
    compiler_name, compiler_version = _compiler(spec.compiler)
    return Record(
        package=package,
        version=_version(spec.versions[0]),
        compiler_name=compiler_name,
        compiler_version=compiler_version,
        os=spec.os,
        platform=_partition_value("platform", spec.platform),
        target=_partition_value("target", spec.target),
        variants=_variants(spec.variants),
        stacks=_stacks(spec.stacks),
        hash=spec.hash,
        size_bytes=None if spec.size is UNSET else _size(spec.size),
        tarball_url=None if spec.tarball is UNSET else spec.tarball or None,
    )


# The same few texts come in millions of specs: each is checked and normalised once.
_memo = functools.lru_cache(maxsize=1 << 16)


@_memo
def _partition_value(key: str, value: str) -> str:
    if not PARTITION_VALUE.fullmatch(value):
        message = f"{value!r} cannot be a folder's name: {PARTITION_VALUE.pattern}"
        raise _fault(Reason.UNSAFE_NAME, f".{key}", message)
    return value


@_memo
def _compiler(text: str) -> tuple[str | None, str | None]:
    _check_length(".compiler", (text,))
    try:
        return spelling.compiler(text)
    except ValueError as error:
        raise _fault(Reason.BAD_COMPILER, ".compiler", str(error)) from error


@_memo
def _version(text: str) -> str:
    _check_length(".versions[0]", (text,))
    try:
        version_key(text)
    except ValueError as error:
        raise _fault(Reason.BAD_VERSION, ".versions[0]", str(error)) from error
    return text


@_memo
def _variants(values: tuple[str, ...]) -> tuple[str, ...]:
    # An array is taken apart to be sorted, which costs many times its length.
    _check_length(".variants", values)
    try:
        return spelling.variants(values)
    except ValueError as error:
        raise _fault(Reason.EMPTY_NAME, ".variants", str(error)) from error


@_memo
def _stacks(values: tuple[str, ...]) -> tuple[str, ...]:
    _check_length(".stacks", values)
    try:
        return spelling.stacks(values)
    except ValueError as error:
        raise _fault(Reason.EMPTY_NAME, ".stacks", str(error)) from error


def _check_length(place: str, values: tuple[str, ...]) -> None:
    if any(len(value) > LIMITS.text_characters for value in values):
        raise _fault(Reason.TOO_LARGE, place, f"more than {LIMITS.text_characters:,} characters")


def _size(value: str | float | None) -> int | None:
    try:
        return spelling.size_bytes(value)
    except ValueError as error:
        raise _fault(Reason.BAD_SIZE, ".size", str(error)) from error


def _generation(specs: list[Spec]) -> tuple[int, int | None]:
    """Return the generation whose marks a list shows (4 to 7), and the epoch of its hashes.

    Spack 1.0 (database version 8) made compilers packages and spells arrays `k:=v`; the site
    wrote `gcc@=11.4.0` until then.
    """
    compilers = {spec.compiler for spec in specs}
    names = {compiler.partition("@")[0] for compiler in compilers}
    has_arrays = any(map(_has_array, {spec.variants for spec in specs}))
    new = has_arrays or "none" in compilers or bool(names & _NEW_COMPILERS)
    old = any("@=" in compiler for compiler in compilers)
    epoch = 8 if new else 6 if old else None
    if any(spec.tarball is not UNSET for spec in specs):
        return 4, epoch
    if names & _NEW_COMPILERS:
        return 7, epoch
    return (5, epoch) if old or not specs else (6, epoch)


def _has_array(variants: tuple[str, ...]) -> bool:
    return any(":=" in variant.partition("=")[0] + "=" for variant in variants)
