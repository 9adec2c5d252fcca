"""A slow matcher of specs, one pair at a time, to hold `changes()` against.

It follows the rules in words (the header of `queries/views/changes.sql`), not its SQL: it looks at
single specs, never at kinds as multisets, and takes the closest pair of all again and again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Text = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """A row of specs, as far as a match looks at it."""

    package: str
    platform: str
    os: str
    target: str
    version: str
    version_key: str
    compiler_name: str | None
    compiler_version: str | None
    variants: tuple[str, ...]
    stacks: tuple[str, ...]
    hash: str
    package_hash: str | None

    @property
    def slot(self) -> tuple[str, str, str, str]:
        """Where it stands: only specs of one slot are matched."""
        return (self.package, self.platform, self.os, self.target)

    @property
    def settings(self) -> tuple[str, ...]:
        """Its variants without patches."""
        return tuple(text for text in self.variants if not text.startswith("patches="))

    @property
    def patches(self) -> tuple[str, ...]:
        """Its patches alone."""
        return tuple(text for text in self.variants if text.startswith("patches="))

    @property
    def compiler(self) -> str | None:
        """Its compiler in one word."""
        return "@".join(filter(None, (self.compiler_name, self.compiler_version))) or None

    @property
    def kind(self) -> Text:
        """What it has in common with specs alike, in text order."""
        compiler = (_last(self.compiler_name), _last(self.compiler_version))
        return (self.version_key, compiler, self.settings, self.stacks)

    @property
    def text(self) -> Text:
        """Its place in text order."""
        return (*self.kind, self.version, self.patches, self.hash)


def _last(value: str | None) -> tuple[bool, str]:
    return (value is None, value or "")


def match(before: Sequence[Spec], after: Sequence[Spec]) -> list[dict[str, Any]]:
    """Return the rows of `diff.changes` between two snapshots, in no order."""
    olds, news = _changed(before, after), _changed(after, before)
    slots = {spec.slot for spec in (*olds, *news)}
    rows = []
    for slot in slots:
        old = [spec for spec in olds if spec.slot == slot]
        new = [spec for spec in news if spec.slot == slot]
        pairs = _pairs(old, new)
        rows += [_matched(one, other) for one, other in pairs]
        rows += [_single("gone", one) for one in _without(old, [pair[0] for pair in pairs])]
        rows += [_single("appeared", one) for one in _without(new, [pair[1] for pair in pairs])]
    return rows


def _changed(mine: Sequence[Spec], others: Sequence[Spec]) -> list[Spec]:
    """Return the specs whose hash the other side lacks, or has less often."""
    kept = Counter(spec.hash for spec in others)
    by_hash = defaultdict(list)
    for spec in mine:
        by_hash[spec.hash].append(spec)
    return [
        spec for hash_, specs in by_hash.items() for spec in sorted(specs, key=_copy)[kept[hash_] :]
    ]


def _copy(spec: Spec) -> Text:
    compiler = (_last(spec.compiler_name), _last(spec.compiler_version))
    version = (spec.version_key, spec.version)
    place = (spec.platform, spec.os, spec.target, spec.stacks)
    variants = (spec.settings, spec.patches)
    return (spec.package, version, place, compiler, variants, _last(spec.package_hash))


def _pairs(old: list[Spec], new: list[Spec]) -> list[tuple[Spec, Spec]]:
    steps = sorted({spec.version_key for spec in (*old, *new)})
    old_places, new_places = (sorted({s.kind for s in side}) for side in (old, new))

    def distance(one: Spec, other: Spec) -> Text:
        return (
            len(set(one.settings) ^ set(other.settings)),
            abs(steps.index(one.version_key) - steps.index(other.version_key)),
            one.compiler != other.compiler,
            one.compiler_name != other.compiler_name,
            one.stacks != other.stacks,
            abs(old_places.index(one.kind) - new_places.index(other.kind)),
            sorted((one.text, other.text)),
        )

    pairs = []
    for number in range(1, 5):
        while True:
            possible = [(a, b) for a in old for b in new if _passes(number, a, b)]
            if not possible:
                break
            closest = min(possible, key=lambda pair: distance(*pair))
            pairs.append(closest)
            old, new = _without(old, [closest[0]]), _without(new, [closest[1]])
    return pairs


def _passes(number: int, one: Spec, other: Spec) -> bool:
    version = one.version_key == other.version_key
    variants = one.settings == other.settings
    if number == 1:
        return version and variants and one.compiler == other.compiler
    if number == 2:
        return variants and one.compiler_name == other.compiler_name and not version
    return version if number == 3 else True


def _without(specs: list[Spec], used: list[Spec]) -> list[Spec]:
    return list((Counter(specs) - Counter(used)).elements())


def _matched(one: Spec, other: Spec) -> dict[str, Any]:
    differs = {
        "version": one.version_key != other.version_key,
        "compiler": one.compiler != other.compiler,
        "variants": one.settings != other.settings,
    }
    if differs["version"]:
        change = "upgraded" if other.version_key > one.version_key else "downgraded"
    elif differs["compiler"]:
        change = "recompiled"
    else:
        change = "reconfigured" if differs["variants"] else "rebuilt"
    recipes = {one.package_hash, other.package_hash}
    differs["patches"] = one.patches != other.patches
    differs["stacks"] = one.stacks != other.stacks
    differs["recipe"] = len(recipes) == 2 and None not in recipes
    differs["dependencies"] = change == "rebuilt" and len(recipes) == 1 and None not in recipes
    return _row(change, one, other) | {
        "variants_added": [text for text in other.settings if text not in one.settings],
        "variants_removed": [text for text in one.settings if text not in other.settings],
        "stacks": sorted({*one.stacks, *other.stacks}),
        "attributes": [name for name, differ in differs.items() if differ],
    }


def _single(change: str, spec: Spec) -> dict[str, Any]:
    sides = (spec, None) if change == "gone" else (None, spec)
    row = _row(change, *sides)
    return row | {
        "variants_added": [],
        "variants_removed": [],
        "stacks": sorted(set(spec.stacks)),
        "attributes": [],
    }


def _row(change: str, one: Spec | None, other: Spec | None) -> dict[str, Any]:
    spec = one or other
    assert spec is not None
    return {
        "change": change,
        **dict(zip(("package", "platform", "os", "target"), spec.slot, strict=True)),
        "before_version": one and one.version,
        "after_version": other and other.version,
        "before_compiler": one and one.compiler,
        "after_compiler": other and other.compiler,
        "before_hash": one and one.hash,
        "after_hash": other and other.hash,
    }
