"""What a report says, as data: the content of `report.json`, of which all pages are made.

`docs/report.schema.json` is generated from these types. Whatever changes the meaning of a field,
or removes one, raises `SCHEMA_VERSION`; a new field does not.
"""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

SCHEMA_VERSION = 1


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


class Totals(msgspec.Struct, frozen=True):
    """Headline counts, the metrics of `diff.summary`; specs unless the name says otherwise."""

    before_packages: int
    after_packages: int
    before_specs: int
    after_specs: int
    lost_places: Annotated[int, Meta(description="pairs of package and target that are gone")]
    gained_places: Annotated[int, Meta(description="pairs of package and target that are new")]
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


class Place(msgspec.Struct, frozen=True):
    """A package that came to a target or is gone from it; a row of `diff.coverage`."""

    package: str
    platform: str
    target: str
    newest_version: str
    num_specs: int
    stacks: list[str]
    elsewhere: Annotated[bool, Meta(description="another target has it still, or had it before")]


class PackageChange(msgspec.Struct, frozen=True):
    """A package that appeared on a platform or is gone from it; a row of `diff.packages`."""

    change: str
    package: str
    platform: str
    num_targets: int
    num_specs: int


class VersionStep(msgspec.Struct, frozen=True):
    """One step of one package from a version to another, and where it was made."""

    change: Annotated[str, Meta(description="downgraded or upgraded")]
    package: str
    before_version: str
    after_version: str
    places: Annotated[list[str], Meta(description="platform/target")]
    num_specs: int
    is_root: Annotated[
        bool | None,
        Meta(description="whether a spec of it is needed by no other; null if unknown"),
    ]


class CompilerStep(msgspec.Struct, frozen=True):
    """One step from a compiler to another; null stands for none."""

    before_compiler: str | None
    after_compiler: str | None
    num_packages: int
    num_specs: int


class VariantStep(msgspec.Struct, frozen=True):
    """One step of one package from some variants to others."""

    package: str
    variants_removed: list[str]
    variants_added: list[str]
    places: list[str]
    num_specs: int


class StackChange(msgspec.Struct, frozen=True):
    """What changed in one stack; a row of `diff.stacks`."""

    stack: str
    change: Annotated[str, Meta(description="new, gone, renamed or same: the stack itself")]
    before_specs: int
    after_specs: int
    kept: int
    moved_in: int
    moved_out: int
    gone: int
    appeared: int
    upgraded: int
    downgraded: int
    recompiled: int
    reconfigured: int
    rebuilt: int


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
    lost: list[Place]
    gained: list[Place]
    versions: list[VersionStep]
    packages: list[PackageChange]
    stacks: list[StackChange]
    rebuilds: list[Share]
    compilers: list[CompilerStep]
    variants: list[VariantStep]
    coverage: list[Coverage]
    trend: Annotated[
        list[Point], Meta(description="the series up to the snapshot after, oldest first")
    ]
    rejects: list[Rejects]
    checks: list[Check]

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
