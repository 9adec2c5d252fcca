"""What a report says, as data: the content of `report.json`, of which all pages are made.

`docs/report.schema.json` is generated from these types. Whatever changes the meaning of a field,
or removes one, raises `SCHEMA_VERSION`; a new field does not.
"""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from spack_census.ask.changed import (
    Cause,
    CompilerStep,
    GoneSpec,
    Place,
    StackChange,
    VariantStep,
    VersionStep,
)

SCHEMA_VERSION = 2


class Side(msgspec.Struct, frozen=True):
    """One of the two snapshots; columns as in the table `snapshots`."""

    snapshot: str
    series: str
    snapshot_date: datetime.date | None
    hash_epoch: int | None
    num_documents: int
    num_documents_rejected: int
    num_specs_rejected: int
    source: str
    source_revision: str
    rules: Annotated[
        int | None, Meta(description="the rules that it was read by; null where not noted")
    ] = None


class Totals(msgspec.Struct, frozen=True):
    """Headline counts, the metrics of `diff.summary`; specs unless the name says otherwise."""

    before_packages: int
    after_packages: int
    before_specs: int
    after_specs: int
    places_gone: Annotated[int, Meta(description="pairs of package and target that are gone")]
    places_appeared: Annotated[int, Meta(description="pairs of package and target that appeared")]
    gone: int
    appeared: int
    downgraded: int
    upgraded: int
    recompiled: int
    reconfigured: int
    rebuilt: int
    kept: Annotated[int, Meta(description="specs with the same hash in both snapshots")]
    moved: Annotated[int, Meta(description="kept specs that are in other stacks now")]
    churn: Annotated[int, Meta(description="specs before that were not kept; see diff.summary")]


class PackageChange(msgspec.Struct, frozen=True):
    """A package that appeared on a platform or is gone from it; a row of `diff.packages`."""

    change: str
    package: str
    platform: str
    num_targets: int
    num_specs: int


class Renamed(msgspec.Struct, frozen=True):
    """A stack that has another name after than before, and is one stack here."""

    before: str
    after: str


class Share(msgspec.Struct, frozen=True):
    """Where rebuilds concentrate; a row of `diff.attribution` for the change rebuilt."""

    dimension: Annotated[str, Meta(description="stack, compiler, target or os")]
    value: str | None
    num_changes: int
    share_pct: float
    base_rate_pct: float
    over_represented: float | None


class Coverage(msgspec.Struct, frozen=True):
    """Packages and specs of one platform, target and system; 0 on a side that lacks it."""

    platform: str
    target: str
    os: str
    before_packages: int
    after_packages: int
    before_specs: int
    after_specs: int
    coverage_pct: Annotated[float, Meta(description="share of all packages of the snapshot after")]


class Point(msgspec.Struct, frozen=True):
    """One target in one snapshot of the series; a row of `coverage.trend`."""

    snapshot: str
    snapshot_date: datetime.date | None
    platform: str
    target: str
    num_packages: int
    num_specs: int


class Rejects(msgspec.Struct, frozen=True):
    """Documents or specs of the snapshot after that were rejected for one reason."""

    scope: str
    reason: str
    num_rejects: int


class Check(msgspec.Struct, frozen=True):
    """A check, and how many of its failing rows belong to the snapshot after."""

    name: str
    title: str
    num_failing: int


class Maintained(msgspec.Struct, frozen=True):
    """A package of which something is gone, and who maintains it by its recipe."""

    package: str
    maintainers: list[str]


class Size(msgspec.Struct, frozen=True):
    """Bytes of a part of the snapshot after; a row of `coverage.sizes`, packages left out."""

    part: Annotated[str, Meta(description="all, target or stack")]
    name: str
    num_specs: int
    num_unknown: Annotated[int, Meta(description="specs whose size is not known")]
    size_bytes: int | None
    new_bytes: Annotated[
        int | None, Meta(description="of specs that no older snapshot of the series has")
    ]


class Report(msgspec.Struct, frozen=True):
    """What changed from one snapshot to another: the content of report.json."""

    schema_version: int
    headline: str
    changed: bool
    epochs_differ: Annotated[
        bool, Meta(description="hashes are made differently, so that every hash differs")
    ]
    before: Side
    after: Side
    totals: Totals
    places_gone: list[Place]
    places_appeared: list[Place]
    specs_gone: list[GoneSpec]
    versions: list[VersionStep]
    packages: list[PackageChange]
    stacks: list[StackChange]
    renamed: list[Renamed]
    rebuilds: list[Share]
    compilers: list[CompilerStep]
    variants: list[VariantStep]
    coverage: list[Coverage]
    trend: Annotated[
        list[Point], Meta(description="the series up to the snapshot after, oldest first")
    ]
    rejects: list[Rejects]
    checks: list[Check]
    causes: list[Cause] = []
    knows_dependencies: Annotated[
        bool,
        Meta(description="whether both know dependencies, and so the causes of rebuilds"),
    ] = False
    rules_note: Annotated[
        str, Meta(description="which snapshot was made by which rules, where those differ")
    ] = ""
    maintainers: Annotated[
        list[Maintained], Meta(description="of what is gone, where recipes were read")
    ] = []
    sizes: list[Size] = []

    @property
    def name(self) -> str:
        """The name of the report, which is that of its folder."""
        return report_name(self.before.snapshot, self.after.snapshot)


def report_name(before: str, after: str) -> str:
    """Return the name of the report on two snapshots."""
    return f"{before}..{after}"


def encode(report: Report) -> bytes:
    """Return a report as its file holds it, the same bytes for the same report."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def decode(data: bytes) -> Report:
    """Return the report in a file's bytes; raises msgspec.MsgspecError where it is none.

    A report of another schema version is none.
    """
    report = msgspec.json.decode(data, type=Report)
    if report.schema_version != SCHEMA_VERSION:
        message = f"schema version {report.schema_version}, and this census writes {SCHEMA_VERSION}"
        raise msgspec.ValidationError(message)
    return report


def schema() -> bytes:
    """Return the JSON Schema of `report.json`."""
    found = {"title": "A report of spack-census", **msgspec.json.schema(Report)}
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
