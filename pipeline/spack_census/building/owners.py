"""Which source each snapshot was built from: another one is not to replace it unasked.

Two sources of one snapshot would replace each other at each run, and each time it would look like
news. Owners are kept beside the versions, for a path says where a source lay and nothing of what
the dataset holds; losing them costs a question, never rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from spack_census.building import contents
from spack_census.building.convert import Converted
from spack_census.dataset.layout import OWNERS
from spack_census.dataset.publication import Publication
from spack_census.disk import durable
from spack_census.errors import RefusedError


def load(dataset: Path) -> dict[str, str]:
    """Return snapshot → where its source lay; nothing where that is not known or not readable."""
    try:
        return msgspec.json.decode((dataset / OWNERS).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def save(dataset: Path, place: str, built: Iterable[str], standing: Iterable[str]) -> None:
    """Note that the snapshots `built` are of the source at `place`; raises OSError.

    `standing` are all snapshots of the dataset: what is no more among them is forgotten.
    """
    known = load(dataset)
    owners = {name: known[name] for name in standing if name in known}
    for name in built:
        former = owners.get(name)
        # Part of a source is no other source, and must not take the whole's place.
        owners[name] = place if former is None or not _inside(place, former) else former
    if owners == known:
        return
    durable.replace(dataset / OWNERS, msgspec.json.encode(dict(sorted(owners.items()))) + b"\n")


def refuse(
    converted: Iterable[Converted],
    publication: Publication,
    place: str,
    owners: Mapping[str, str],
) -> None:
    """Raise RefusedError if a snapshot of another source would lose a document of its own.

    A folder and what lies in it are one source, and one that is no more has no claim.
    """
    taken = []
    for done in converted:
        former = owners.get(done.snapshot)
        if former is None or done.snapshot not in publication.snapshots:
            continue
        if done.snapshot in publication.damaged or not _other(place, former):
            continue
        before = contents.published(publication, done.snapshot).documents()
        if not {sha256 for _, sha256 in before} <= {sha256 for _, sha256 in done.contents.read()}:
            taken.append(f"{done.snapshot} is of {former}")
    if taken:
        message = f"{place} would replace snapshots of another source"
        hint = "if that is meant: --replace; to keep both: --as NAME"
        raise RefusedError(message, *taken[:5], hint)


def _other(place: str, former: str) -> bool:
    return not _inside(place, former) and not _inside(former, place) and Path(former).exists()


def _inside(place: str, folder: str) -> bool:
    return Path(place).is_relative_to(folder)
