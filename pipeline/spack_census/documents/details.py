"""`spec_details` → records, and for each spec that cannot be used what is wrong with it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from spack_census.documents import generations, values
from spack_census.documents.generations import Marks, generation
from spack_census.documents.records import Problem, Reason, Record, Rejected

HASH = re.compile(r"[a-z2-7]{32}")


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


_FIELDS = frozenset(Spec.__struct_fields__)


def decode(package: str, details: Any) -> Decoded:
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
                raise values.fault(Reason.DUPLICATE_HASH, ".hash", message)
        except Rejected as rejected:
            problem = rejected.problem
            place = f"spec_details[{index}]{problem.place}"
            problems.append(msgspec.structs.replace(problem, place=place, hash=_hash_of(entry)))
            continue
        unknown_keys |= extra
        records[record.hash] = record
        specs.append(spec)
    told = generation(_marks(specs))
    return Decoded(list(records.values()), problems, sorted(unknown_keys), len(details), *told)


def _convert(entry: Any) -> tuple[Spec, set[str]]:
    if not isinstance(entry, dict):
        message = f"a spec belongs here, not {type(entry).__name__}"
        raise values.fault(Reason.WRONG_TYPE, "", message)
    extra = entry.keys() - _FIELDS
    known = {key: value for key, value in entry.items() if key in _FIELDS}
    try:
        return msgspec.convert(known, Spec), {str(key) for key in extra}
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        missing = "missing required field" in message
        reason = Reason.MISSING_KEY if missing else Reason.WRONG_TYPE
        raise values.fault(reason, place.removesuffix("`"), message) from error


def _hash_of(entry: Any) -> str | None:
    value = entry.get("hash") if isinstance(entry, dict) else None
    return value if isinstance(value, str) and HASH.fullmatch(value) else None


def to_record(package: str, spec: Spec) -> Record:
    """Return the record of one spec; raises Rejected with the place below the spec."""
    if not HASH.fullmatch(spec.hash):
        raise values.fault(Reason.BAD_HASH, ".hash", f"{spec.hash!r} is not 32 base32 characters")
    if len(spec.versions) != 1:
        message = f"exactly one version belongs here, not {len(spec.versions)}"
        raise values.fault(Reason.BAD_VERSION, ".versions", message)
    operating_system = values.operating_system(spec.os)
    compiler = values.compiler(spec.compiler)
    return Record(
        package=package,
        version=values.version(spec.versions[0]),
        compiler_name=compiler.name,
        compiler_version=compiler.version,
        compiler_written=compiler.written,
        os=operating_system,
        platform=values.platform(spec.platform),
        target=values.target(spec.target),
        variants=values.variants(spec.variants),
        stacks=values.stacks(spec.stacks),
        hash=spec.hash,
        size_bytes=None if spec.size is UNSET else values.size_bytes(spec.size),
        tarball_url=None if spec.tarball is UNSET else spec.tarball or None,
    )


def _marks(specs: list[Spec]) -> Marks:
    compilers = {spec.compiler for spec in specs}
    return Marks(
        is_empty=not specs,
        has_tarball=any(spec.tarball is not UNSET for spec in specs),
        has_array=any(map(generations.has_array, {spec.variants for spec in specs})),
        has_none=any(map(generations.is_none, compilers)),
        has_package=any(map(generations.is_package, compilers)),
        has_equals=any(map(generations.is_equals, compilers)),
    )
