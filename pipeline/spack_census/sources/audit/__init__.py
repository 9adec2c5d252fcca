"""Whether the parts of a build cache fit each other: indexes, manifests, blobs and keys.

Each blob belongs to the first spec that names it, to an index or a key, or to nothing, so that
their bytes add up to all that is there.
"""

from __future__ import annotations

from pathlib import Path

from spack_census.errors import SourceError
from spack_census.sources import oci, places, specfiles
from spack_census.sources.audit import images, newer, older
from spack_census.sources.audit.files import Files, Folder
from spack_census.sources.audit.model import Audit, Finding

__all__ = ["Audit", "Files", "Finding", "audit", "audit_files"]


def audit(root: Path, *, deep: bool = False) -> Audit:
    """Look at a build cache in a folder; `deep` reads every blob and compares its checksum.

    Raises SourceError where there is none, or a file cannot be read.
    """
    root = root.resolve()
    if oci.is_layout(root):
        return images.look(root, images.Blobs(root), deep=deep)
    return audit_files(Folder(root), deep=deep)


def audit_files(files: Files, *, deep: bool = False) -> Audit:
    """Look at a mirror, of the v3 layout or of v2; raises SourceError where there is none."""
    there = files.names(places.V3_FOLDER)
    if any(name.startswith(f"{places.MANIFESTS}/") for name in there):
        return newer.look(files, there, deep=deep)
    there = files.names(specfiles.V2_FOLDER)
    if there:
        return older.look(files, there, deep=deep)
    looked_for = f"looked for {places.MANIFESTS}, {specfiles.V2_FOLDER}, and {oci.LAYOUT}"
    raise SourceError(f"{files.place} is no mirror of the v3 layout, nor of v2", looked_for)
