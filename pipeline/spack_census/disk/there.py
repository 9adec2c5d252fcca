"""Whether a path that somebody wrote is there, whatever stands in it.

pathlib raises where a name is longer than a disk takes, and where a folder on the way is closed.
"""

from __future__ import annotations

import os
from pathlib import Path


def is_folder(path: Path | str) -> bool:
    """Return whether there is a folder at a path."""
    return os.path.isdir(path)  # noqa: PTH112 - see above


def is_file(path: Path | str) -> bool:
    """Return whether there is a file at a path."""
    return os.path.isfile(path)  # noqa: PTH113 - see above
