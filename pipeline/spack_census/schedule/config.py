"""The YAML file of `census run`: what to read, where to write, whom to tell; checked strictly.

`docs/schedule.md` describes each key. Paths are those of the file's own folder.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta, Struct

from spack_census.errors import CensusError, UnknownNameError

_DOCS = "each key is described in docs/schedule.md"
_Count = Annotated[int, Meta(ge=1)]
_Text = Annotated[str, Meta(min_length=1)]


class SourceConfig(Struct, frozen=True, forbid_unknown_fields=True, rename={"rename": "as"}):
    """One source, with the options of `census fetch` and `census build`."""

    source: _Text
    rename: _Text | None = None
    snapshots: list[_Text] = msgspec.field(default_factory=list)
    latest: _Count | None = None
    to: _Text | None = None
    with_sizes: bool = False
    allow_partial: bool = False
    allow_hosts: list[_Text] = msgspec.field(default_factory=list)


class RunConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What one run does; `folder` is where relative paths start."""

    sources: Annotated[list[SourceConfig], Meta(min_length=1)]
    dataset: _Text = "output/dataset"
    reports: _Text = "output/reports"
    series: list[_Text] = msgspec.field(default_factory=list)
    since: _Text | None = None
    keep_reports: _Count | None = None
    url: str = ""
    on_change: _Text | None = None
    wait_seconds: Annotated[float, Meta(ge=0)] = 0
    run_seconds: Annotated[float, Meta(gt=0)] = 10_800
    hook_seconds: Annotated[float, Meta(gt=0)] = 600
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
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise CensusError(
            f"cannot read {path}: {reason}", "an example: deploy/census.yaml"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "it holds a character that YAML does not"
        raise CensusError(f"{place}: {problem}", _DOCS) from error
    if not isinstance(content, dict):
        raise CensusError(f"{path} holds no keys", _DOCS, "an example: deploy/census.yaml")
    return content


class _Loader(yaml.SafeLoader):
    """A safe loader that takes no key twice; the last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
