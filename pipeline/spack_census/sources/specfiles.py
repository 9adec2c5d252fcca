"""A mirror's specs one by one, where it has no index, or one that is out of step.

v3   v3/manifests/spec/<name>/<name>-<version>-<hash>.spec.manifest.json, which names a blob
v2   build_cache/<…>-<hash>.spec.json or .spec.json.sig

Each describes a spec and all that it depends on. Together they make the index that Spack would
make of them; what cannot be read is told spec by spec. A signature is not looked at.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from spack_census.documents import nodes
from spack_census.documents.records import Problem, Reason, Rejected
from spack_census.sources import manifests, mirror, places
from spack_census.sources.mirror import Read

V2_FOLDER = "build_cache"
_REMEDY = "push the spec again, or remove what is left of it"
_SUFFIXES = (places.SPEC_SUFFIX, ".spec.json", ".spec.json.sig")
_DATABASES = {2: 5, 3: 6, 4: 7, 5: 8}
"""Version of a spec file → that of the database of the same Spack."""


class _Meta(msgspec.Struct):
    version: int


class _Nodes(msgspec.Struct):
    nodes: list[msgspec.Raw]
    meta: _Meta = msgspec.field(name="_meta")


class _SpecFile(msgspec.Struct):
    spec: _Nodes


class _Hashed(msgspec.Struct):
    hash: str


def place_in(root: Path) -> str | None:
    """Return where a mirror keeps its specs, None where it has none."""
    if next(root.glob(f"{places.SPECS}/*/*{places.SPEC_SUFFIX}"), None):
        return places.SPECS
    return V2_FOLDER if next(root.glob(f"{V2_FOLDER}/*.spec.json*"), None) else None


def is_place(relative: str) -> bool:
    """Tell whether a place is one that `place_in` returns."""
    return relative in (places.SPECS, V2_FOLDER)


def is_file(relative: str) -> bool:
    """Tell whether a place of a mirror is one of a file that describes a spec."""
    folder, _, name = relative.rpartition("/")
    if name.endswith(places.SPEC_SUFFIX):
        return folder.rpartition("/")[0] == places.SPECS
    return folder == V2_FOLDER and name.endswith(_SUFFIXES)


def files(root: Path, place: str) -> list[Path]:
    """Return the files that describe a spec each, sorted: of one spec the signed one comes last."""
    if place == places.SPECS:
        return manifests.of_specs(root, "")
    found = (root / place).glob("*.spec.json*")
    return sorted(path for path in found if path.name.endswith(_SUFFIXES))


def read(root: Path, place: str) -> Read:
    """Return the index that the specs of a mirror make, and why some of them are not in it."""
    return combined(
        (
            path.relative_to(root).as_posix(),
            hash_of(path.name),
            functools.partial(_described, root, path),
        )
        for path in files(root, place)
    )


def combined(specs: Iterable[tuple[str, str, Callable[[], Read]]]) -> Read:
    """Return the index that specs make, each by the name of its file, its hash, and its JSON."""
    own: dict[str, bytes] = {}
    others: dict[str, bytes] = {}
    faults: list[Problem] = []
    digest, size, newest = hashlib.sha256(), 0, min(_DATABASES.values())
    for name, spec_hash, describe in specs:
        try:
            if not nodes.is_hash(spec_hash):
                message = "its name does not end in a hash"
                raise Rejected(Reason.BAD_HASH, "name", message, _REMEDY)
            found = describe()
            size += found.size_bytes
            digest.update(f"{name}\0{found.sha256}\n".encode())
            version, described = _decoded(found.data, spec_hash)
        except (Rejected, OSError) as error:
            faults.append(_fault(error, name, spec_hash))
            digest.update(f"{name}\0\n".encode())
            continue
        newest = max(newest, version)
        own[spec_hash] = described.pop(spec_hash)
        others |= described
    # A spec that is told in two ways, by a good file and a bad one, is there.
    faults = [each for each in faults if each.hash not in own]
    data = _index(newest, own, {key: others[key] for key in sorted(others.keys() - own.keys())})
    return Read(data, digest.hexdigest(), size, tuple(faults))


def hash_of(name: str) -> str:
    """Return the hash in the name of a file that describes a spec."""
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name[-32:]


def _fault(error: Rejected | OSError, name: str, spec_hash: str) -> Problem:
    told = spec_hash if nodes.is_hash(spec_hash) else None
    if isinstance(error, OSError):
        return Problem(Reason.NOT_REGULAR_FILE, name, str(error.strerror), _REMEDY, told)
    problem = error.problem
    return Problem(problem.reason, f"{name}: {problem.place}", problem.message, _REMEDY, told)


def _described(root: Path, path: Path) -> Read:
    """Return the JSON that describes a spec, its checksum seen to; raises Rejected, OSError."""
    resolved = mirror.find(root, path.relative_to(root).as_posix())
    assert resolved is not None
    if path.name.endswith(places.SPEC_SUFFIX):
        content = manifests.demanded(resolved.read_bytes(), manifests.SPEC)
        return mirror.read(root, mirror.locate(root, places.blob("", content.checksum))[-1])
    found = mirror.read(root, resolved)
    return found._replace(data=manifests.signed_text(found.data))


def _decoded(data: bytes, spec_hash: str) -> tuple[int, dict[str, bytes]]:
    """Return the version of the database, and each node by its hash; raises Rejected."""
    try:
        data.decode()
        spec = msgspec.json.decode(data, type=_SpecFile).spec
        found = {msgspec.json.decode(raw, type=_Hashed).hash: bytes(raw) for raw in spec.nodes}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise nodes.rejected(error) from error
    version = _DATABASES.get(spec.meta.version)
    if version is None:
        message = f"version {spec.meta.version} of a spec file; {min(_DATABASES)} to 5 are read"
        raise Rejected(Reason.UNSUPPORTED_GENERATION, ".spec._meta", message, _REMEDY)
    if next(iter(found), None) != spec_hash or not all(map(nodes.is_hash, found)):
        message = f"it does not describe {spec_hash}"
        raise Rejected(Reason.BAD_HASH, ".spec.nodes[0].hash", message, _REMEDY)
    return version, found


def _index(version: int, own: dict[str, bytes], others: dict[str, bytes]) -> bytes:
    def records() -> Iterator[bytes]:
        for held, raws in ((b"true", own), (b"false", others)):
            for key, raw in sorted(raws.items()):
                yield b'"%s":{"spec":%s,"in_buildcache":%s}' % (key.encode(), raw, held)

    joined = b",".join(records())
    return b'{"database":{"version":"%d","installs":{%s}}}' % (version, joined)
