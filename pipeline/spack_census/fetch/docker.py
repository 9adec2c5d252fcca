"""User and password of a registry as `docker login` keeps them: config.json in DOCKER_CONFIG.

{"auths": {"ghcr.io": {"auth": "bWU6c2VjcmV0"}}}

A helper that keeps them elsewhere is a program of somebody's, and is not run.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

import msgspec

from spack_census.errors import SourceError

_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


class _Auth(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""


class _Config(msgspec.Struct):
    auths: dict[str, _Auth] = {}
    credsStore: str = ""  # noqa: N815 - the file's own name
    credHelpers: dict[str, str] = {}  # noqa: N815 - the file's own name


def credentials(host: str, name: str) -> tuple[str, str] | None:
    """Return user and password for an image, None where the file has none.

    Those of the longest prefix of HOST/NAME. Raises SourceError for a file that cannot be read.
    """
    auths = {_place(key): auth for key, auth in _config().auths.items()}
    parts = [_place(host), *name.split("/")]
    for count in range(len(parts), 0, -1):
        found = _decoded(auths.get("/".join(parts[:count]), _Auth()))
        if found is not None:
            return found
    return None


def helper(host: str) -> str | None:
    """Return the name of the program that keeps the password of a host, None where none does."""
    config = _config()
    helpers = {_place(key): name for key, name in config.credHelpers.items()}
    return helpers.get(_place(host)) or config.credsStore or None


def path() -> Path:
    """Return where the file lies."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _config() -> _Config:
    try:
        return msgspec.json.decode(path().read_bytes(), type=_Config)
    except FileNotFoundError:
        return _Config()
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        # The error's own text could hold a word of the file.
        message = f"{path()} cannot be read as Docker's configuration"
        raise SourceError(message, "mend it, or set DOCKER_CONFIG") from error


def _place(key: str) -> str:
    """Return a key as host and path: `https://index.docker.io/v1/` is Docker Hub's."""
    bare = key.partition("://")[2] or key
    bare = bare.rstrip("/").removesuffix("/v1").removesuffix("/v2").lower()
    host, slash, rest = bare.partition("/")
    return f"{'index.docker.io' if host in _HUB else host}{slash}{rest}"


def _decoded(auth: _Auth) -> tuple[str, str] | None:
    if auth.username and auth.password:
        return auth.username, auth.password
    try:
        user, colon, password = base64.b64decode(auth.auth, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if user and colon else None
