"""Names of folders, packages and classes, by the rule of `lib/spack/spack/util/naming.py`."""

from __future__ import annotations

import re
import string

PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
"""What may be a package's name in the dataset (match in full)."""
_CONSTANTS = ("False", "None", "True")


def package_of(folder: str, *, underscores: bool) -> str:
    """Return the package whose recipe lies in a folder of this name.

    `underscores` is true of package repositories since API 2.0, whose folders are Python modules:
    `_7zip` is 7zip, `py_numpy` is py-numpy.
    """
    return folder.lstrip("_").replace("_", "-") if underscores else folder


def class_of(package: str) -> str:
    """Return the name of a package's class: `py-numpy` is PyNumpy, `7zip` is _7zip."""
    joined = re.sub(r"[-_]+", "-", package)
    name = string.capwords(joined, "-").replace("-", "")
    return f"_{name}" if re.match(r"[0-9]", name) or name in _CONSTANTS else name
