"""Several files of configuration → one, as Spack merges its scopes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any


def merged(scopes: Sequence[dict[Any, Any]]) -> dict[Any, Any]:
    """Return the configuration of several scopes, the one that overrides the others first.

    Mappings are merged key by key and lists joined, those of the first scope before; anything
    else, and what stands under `KEY::`, replaces what later scopes have.
    """
    return reduce(_merge, reversed(scopes), {})


def _merge(low: Any, high: Any) -> Any:
    if isinstance(low, dict) and isinstance(high, dict):
        found = dict(low)
        for written, value in high.items():
            key = _key(written)
            replaces = isinstance(written, str) and written.endswith(":")
            found[key] = _merge(low[key], value) if key in low and not replaces else _plain(value)
        return found
    if isinstance(low, list) and isinstance(high, list):
        return [*high, *(each for each in low if each not in high)]
    return _plain(high) if high is not None else low


def _plain(value: Any) -> Any:
    """Return a value whose keys bear no marks of how they are merged."""
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in value.items()}
    return value


def _key(written: Any) -> Any:
    return written.rstrip(":+-") if isinstance(written, str) else written
