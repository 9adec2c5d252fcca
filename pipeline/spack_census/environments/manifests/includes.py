"""`include:` and `include_concrete:` → the files that lie there, and what could not be read.

Files are found beside the file that includes them. Nothing is fetched, and a variable that Spack
would fill in on its machine is left as it is: such an include is a gap, named with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spack_census.disk import there
from spack_census.environments.manifests.conditions import holds
from spack_census.environments.manifests.loading import load

LOCKFILE = "spack.lock"
_SECTIONS = ("packages", "definitions", "concretizer", "develop", "toolchains", "include")
# What such files set decides nothing of what is cached.
_HARMLESS = frozenset(
    (
        *("bootstrap", "cdash", "ci", "compilers", "config", "container", "env_vars"),
        *("mirrors", "modules", "repos", "upstreams", "view"),
    )
)
_REMOTE = re.compile(r"[a-z][a-z0-9+]*://|git@", re.IGNORECASE)
_OWN_FOLDER = re.compile(r"\$(?:env\b|\{env\}|SPACK_ENV\b|\{SPACK_ENV\})")
_VARIABLE = re.compile(r"^~|\$\w+|\$\{\w+\}")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Gap:
    """An include that could not be read; `decides` where it may hold what the answer takes."""

    what: str
    why: str
    decides: bool = True

    def __str__(self) -> str:
        return f"include {self.what}: {self.why}"


@dataclass(slots=True)
class Included:
    """What an environment's file and its includes hold: configuration, the file's own first."""

    configurations: list[dict[Any, Any]] = field(default_factory=list)
    locks: list[tuple[str, Path]] = field(default_factory=list)
    """Lockfiles as they are written, and where they would lie."""
    gaps: list[Gap] = field(default_factory=list)


def gather(path: Path, configuration: dict[Any, Any], known: Mapping[str, str]) -> Included:
    """Return the configuration of an environment's file with all that it includes.

    Raises EnvironmentFileError for an included file that is there and cannot be read.
    """
    found = Included()
    _gather(found, path.parent, path.parent, configuration, known, ())
    for written in _listed(configuration.get("include_concrete")):
        folder = _OWN_FOLDER.sub(str(path.parent), str(written))
        place = path.parent / folder
        found.locks.append((str(written), place if place.suffix == ".lock" else place / LOCKFILE))
    return found


def _gather(
    found: Included,
    home: Path,
    folder: Path,
    configuration: dict[Any, Any],
    known: Mapping[str, str],
    within: tuple[Path, ...],
) -> None:
    found.configurations.append(configuration)
    for entry in _listed(configuration.get("include", configuration.get("include:"))):
        written, gap = _chosen(entry, known)
        if gap is not None:
            found.gaps.append(gap)
        if written is None:
            continue
        place = folder / _OWN_FOLDER.sub(str(home), written.removeprefix("file://"))
        if place.name == LOCKFILE:
            found.locks.append((written, place))
            continue
        files = _files(place)
        if not files and not there.is_folder(place) and not _optional(entry):
            found.gaps.append(Gap(written, "is not there", _decides(written)))
        for file in files:
            if file in within or len(within) > _DEEPEST:
                continue
            content = load(file)
            if isinstance(content, dict):
                inner = content.get("spack", content)
                inner = inner if isinstance(inner, dict) else {}
                _gather(found, home, file.parent, inner, known, (*within, file))


def _chosen(entry: Any, known: Mapping[str, str]) -> tuple[str | None, Gap | None]:
    """Return the path of an entry to read, if it can be, and the gap if it cannot."""
    if isinstance(entry, str):
        entry = {"path": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("path", ""), str):
        return None, Gap(str(entry), "is neither a path nor a mapping with one")
    written = str(entry.get("path") or entry.get("git") or "")
    decides = _decides(written)
    if "git" in entry:
        paths = _listed(entry.get("paths"))
        decides = not paths or any(_decides(str(path)) for path in paths)
    if entry.get("when") is not None:
        truth = holds(str(entry["when"]), known)
        if truth is False:
            return None, None
        if truth is None:
            why = f"holds only when {entry['when']}, which is not known here"
            return None, Gap(written, why, decides)
    if "git" in entry or (_REMOTE.match(written) and not written.startswith("file://")):
        return None, Gap(written, "is remote, and nothing is fetched", decides)
    variable = _VARIABLE.search(_OWN_FOLDER.sub("", written))
    if variable is not None:
        why = f"{variable[0]} is left as it is: only the machine of Spack knows it"
        return None, Gap(written, why, decides)
    return written, None


def _files(place: Path) -> list[Path]:
    if there.is_folder(place):
        named = (place / f"{name}.yaml" for name in _SECTIONS)
        return [file for file in named if there.is_file(file)]
    return [place] if there.is_file(place) else []


def _optional(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("optional") is True


def _decides(written: str) -> bool:
    return Path(written).stem not in _HARMLESS


def _listed(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value
