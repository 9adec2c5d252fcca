"""What publication must not do: controls, which show that the tests can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from spack_census.dataset import publication, verify
from spack_census.dataset.layout import Manifest

Sabotage = Callable[[], None]
"""Called in each child before it builds."""


def nothing() -> None:
    """Sabotage nothing."""


def publish_in_place() -> None:
    """Make publication what it must not be: files change under the readers, one by one."""
    regular = publication.Publication.commit

    def commit(self: publication.Publication, kept: Any, moved: Any, snapshots: Any) -> Manifest:
        if self.current is None or self.manifest is None:
            return regular(self, kept, moved, snapshots)
        draft = self._draft([*kept, *(file for file, _ in moved)], snapshots)
        manifest = msgspec.structs.replace(draft, id=self.manifest.id)
        for file in self.manifest.files:
            if file not in kept:
                (self.current / file.path).unlink()
        for file, root in moved:
            place = self.current / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            (root / file.path).rename(place)
        (self.current / "manifest.json").unlink()
        (self.current / "manifest.json").write_bytes(msgspec.json.encode(manifest))
        return manifest

    publication.Publication.commit = commit  # type: ignore[method-assign]
    # An id cannot vouch for what changes below it; that alone must not fail the control.
    verify._check_manifest = lambda *_: iter(())
