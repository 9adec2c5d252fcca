"""A YAML file → its content; a key that stands twice is an error, as in Spack."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from spack_census.disk import handwritten
from spack_census.errors import EnvironmentFileError


def load(path: Path) -> Any:
    """Return what a YAML file holds; raises EnvironmentFileError, naming it, where it is none."""
    try:
        return handwritten.load(path)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise EnvironmentFileError(message, "name a spack.lock or spack.yaml") from error
    except handwritten.UnusableError as error:
        if "stands twice" in error.problem:
            fail(path, str(error), "keep one of the two")
        raise EnvironmentFileError(f"{path} is no YAML: {error}", "mend the file") from error


def fail(path: Path, why: str, *next_steps: str) -> NoReturn:
    """Raise EnvironmentFileError for a file that cannot be used, and why."""
    raise EnvironmentFileError(f"cannot use {path}: {why}", *(next_steps or ("mend the file",)))
