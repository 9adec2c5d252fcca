"""Remove what is of no use any more: links are never followed."""

from __future__ import annotations

import errno
import secrets
import shutil
from pathlib import Path


def remove_dead(folder: Path) -> None:
    """Remove what dead builds left; what a lost worker of theirs still adds may stay for now."""
    if folder.is_symlink():
        folder.unlink()
    for path in folder.iterdir() if folder.exists() else ():
        # Out of its way at once: should it not be dead, it fails, and publishes nothing by halves.
        aside = folder / f"dead-{secrets.token_hex(4)}"
        path.rename(aside)
        try:
            remove(aside)
        except OSError as error:
            # Its folder has a name that nothing of this build has.
            if error.errno != errno.ENOTEMPTY:
                raise


def remove(path: Path) -> None:
    """Remove a file or folder, a link and not what it leads to; nothing where there is none."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
