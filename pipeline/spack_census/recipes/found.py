"""What the directives of a class and of those it comes from say, as it is gathered."""

from __future__ import annotations

from dataclasses import dataclass, field

from spack_census.recipes.records import Conditional, Declared

_TOLD = 20
"""How many calls that could not be read are named; all are counted."""


@dataclass(slots=True)
class Found:
    """What was read so far; dictionaries keep an order and no repeats."""

    versions: dict[str, Declared] = field(default_factory=dict)
    maintainers: set[str] = field(default_factory=set)
    licenses: dict[Conditional, None] = field(default_factory=dict)
    build_systems: set[str] = field(default_factory=set)
    provides: dict[Conditional, None] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    num_unread: int = 0

    def miss(self, what: str) -> None:
        """Note something that could not be read: its line, its name and why."""
        self.num_unread += 1
        if len(self.unread) < _TOLD:
            self.unread.append(what[:200])

    def inherit(self, base: Found, path: str) -> None:
        """Take over what a base class declares, where this class does not say otherwise.

        `path` is that of the base's file, empty for the same file.
        """
        self.versions = base.versions | self.versions
        self.maintainers |= base.maintainers
        self.licenses = base.licenses | self.licenses
        self.provides = base.provides | self.provides
        self.num_unread += base.num_unread
        told = [f"{path}, {each}" if path else each for each in base.unread]
        self.unread += told[: max(0, _TOLD - len(self.unread))]
