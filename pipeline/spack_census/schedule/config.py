"""The YAML file of `census run`: what to read, where to write, whom to tell; checked strictly.

`docs/schedule.md` describes each key. Paths are those of the file's own folder.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from spack_census.disk import handwritten
from spack_census.errors import CensusError, UnknownNameError

_DOCS = "each key is described in docs/schedule.md"
_Count = Annotated[int, Meta(ge=1, le=1_000_000)]
_Seconds = Annotated[float, Meta(gt=0, le=10_000_000)]
_Text = Annotated[str, Meta(min_length=1, pattern=r"^[^\x00]*$")]


class SourceConfig(Struct, frozen=True, forbid_unknown_fields=True, rename={"rename": "as"}):
    """One source, with the options of `census fetch` and `census build`."""

    source: _Text
    rename: _Text | None = None
    snapshots: list[_Text] = msgspec.field(default_factory=list)
    latest: _Count | None = None
    to: _Text | None = None
    with_sizes: bool = False
    view: _Text | None = None
    from_specs: bool = False
    allow_partial: bool = False
    allow_hosts: list[_Text] = msgspec.field(default_factory=list)


class RunConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What one run does; `folder` is where relative paths start."""

    sources: Annotated[list[SourceConfig], Meta(min_length=1)]
    dataset: _Text = "output/dataset"
    reports: _Text = "output/reports"
    site: _Text | None = None
    export: _Text | None = None
    series: list[_Text] = msgspec.field(default_factory=list)
    since: _Text | None = None
    keep_reports: _Count | None = None
    url: str = ""
    on_change: _Text | None = None
    wait_seconds: Annotated[float, Meta(ge=0, le=10_000_000)] = 0
    run_seconds: _Seconds = 10_800
    hook_seconds: _Seconds = 600
    folder: str = "."

    def path(self, name: str) -> Path:
        """Return the path that a name in the file stands for."""
        return Path(self.folder, name)


def read(path: Path) -> RunConfig:
    """Return the configuration in a file.

    Raises CensusError where it cannot be read or a value is not as it must be, UnknownNameError
    for a key that there is not.
    """
    content = _load(path)
    _demand_keys(path, content, _keys(RunConfig) - {"folder"}, "")
    sources = content.get("sources")
    if isinstance(sources, list):
        content["sources"] = [_source(path, entry, n) for n, entry in enumerate(sources)]
    if isinstance(content.get("series"), str):
        content["series"] = [content["series"]]
    if isinstance(content.get("since"), datetime.date):
        content["since"] = content["since"].isoformat()
    try:
        return msgspec.convert({**content, "folder": str(path.resolve().parent)}, RunConfig)
    except msgspec.ValidationError as error:
        # Its places begin with the $ of JSONPath, which says nothing here.
        raise CensusError(f"{path}: {str(error).replace('$.', '')}", _DOCS) from error


def _source(path: Path, entry: Any, number: int) -> Any:
    if isinstance(entry, str):
        return {"source": entry}
    if isinstance(entry, dict):
        _demand_keys(path, entry, _keys(SourceConfig), f"sources[{number}].")
    return entry


def _keys(kind: type[Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def _demand_keys(path: Path, found: Mapping[Any, Any], known: Iterable[str], where: str) -> None:
    for key in found:
        if key not in known:
            named = ", ".join(sorted(known))
            raise UnknownNameError(
                "key", f"{where}{key}", (f"{where}{k}" for k in known), str(path), named
            )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = handwritten.load(path)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise CensusError(message, "an example: deploy/census.yaml") from error
    except handwritten.UnusableError as error:
        place = path if error.line is None else f"{path}:{error.line}"
        raise CensusError(f"{place}: {error.problem}", _DOCS) from error
    if not isinstance(content, dict):
        raise CensusError(f"{path} holds no keys", _DOCS, "an example: deploy/census.yaml")
    return content
