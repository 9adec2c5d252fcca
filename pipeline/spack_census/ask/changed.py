"""The rows that a diff is made of: the same in `census diff`, in a report's JSON and its CSV."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

CHANGES = (
    "gone",
    "appeared",
    "downgraded",
    "upgraded",
    "recompiled",
    "reconfigured",
    "rebuilt",
)
"""The labels of `diff.changes`, what matters most first; docs/vocabulary.md says what they mean."""


class Place(msgspec.Struct, frozen=True):
    """A package that appeared on a target or is gone from it; a row of `diff.coverage`."""

    package: str
    platform: str
    target: str
    newest_version: str
    num_specs: int
    stacks: list[str]
    elsewhere: Annotated[bool, Meta(description="another target has it still, or had it before")]


class GoneSpec(msgspec.Struct, frozen=True):
    """A spec that is gone without a successor; a row of `diff.changes`."""

    package: str
    version: str
    platform: str
    target: str
    os: str
    compiler: str | None
    stacks: list[str]
    hash: str


class Cause(msgspec.Struct, frozen=True):
    """What changed by itself, and how much owes its change to it; a row of `diff.causes`."""

    package: str
    kind: Annotated[
        str,
        Meta(
            description="version, compiler, variants, flags, target, recipe, dependencies, external"
        ),
    ]
    detail: Annotated[str | None, Meta(description="what it was and is; null for a recipe")]
    num_itself: Annotated[int, Meta(description="changed specs of the package itself")]
    num_specs: Annotated[int, Meta(description="changed specs that owe it, those included")]
    num_alone: Annotated[int, Meta(description="of these the specs that have no other cause")]
    num_rebuilt: Annotated[int, Meta(description="of these the specs whose change is rebuilt")]
    stacks: list[str]
    path: Annotated[list[str], Meta(description="a shortest chain of packages down to the cause")]


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
    ] = None


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
    """What changed in one stack, under its present name; a row of `diff.stacks`."""

    stack: str
    change: Annotated[str, Meta(description="appeared, gone, renamed or kept: the stack itself")]
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
