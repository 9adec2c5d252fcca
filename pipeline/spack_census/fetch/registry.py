"""Bring a build cache from an OCI registry into the folder of an OCI image layout.

No binary comes, and of the specs only manifests and configs, where they are asked for;
`sources.oci` says what lies where. A spec's manifest is taken to stay as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from spack_census.disk import durable
from spack_census.documents.records import Rejected
from spack_census.errors import SourceError
from spack_census.fetch import addresses, asking, tokens
from spack_census.fetch.images import Image
from spack_census.fetch.patience import Patience
from spack_census.fetch.reach import reach
from spack_census.fetch.session import Session
from spack_census.fetch.web import Web
from spack_census.sources import oci

_ACCEPT = {
    "Accept": ", ".join(
        (
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.oci.image.index.v1+json",
        )
    )
}
_MOST_PAGES = 100_000
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
_LAYOUT = b'{"imageLayoutVersion": "1.0.0"}\n'


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """What a registry says of one image."""

    image: Image
    net: Web

    def tags(self) -> list[str] | None:
        """Return its tags, sorted, of all pages; None where there is no such image."""
        found: set[str] = set()
        url: str | None = f"{self.image.base}/tags/list?n=1000"
        seen: set[str] = set()
        while url is not None and url not in seen and len(seen) < _MOST_PAGES:
            seen.add(url)
            page = asking.read(url, self.net)
            if page is None:
                return None
            try:
                found.update(msgspec.json.decode(page.data, type=_Tags).tags or ())
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                message = f"{addresses.shown(url)} is no list of tags: {error}"
                raise SourceError(message, "is it an OCI registry?") from error
            link = _NEXT.search(page.headers.get("Link", ""))
            url = None if link is None else self._next(url, link[1])
        return sorted(found)

    def _next(self, url: str, link: str) -> str:
        target = addresses.joined(url, link)
        before, after = addresses.checked(url), addresses.checked(target)
        if (before.scheme, before.netloc) != (after.scheme, after.netloc):
            message = f"{addresses.shown(url)} goes on at another host, {after.netloc}"
            raise SourceError(message, "report it to those who run the registry")
        return target

    def manifest(self, tag: str) -> bytes | None:
        """Return the manifest of a tag, None where there is none; raises SourceError."""
        found = asking.read(f"{self.image.base}/manifests/{tag}", self.net, _ACCEPT)
        if found is None:
            return None
        told = found.headers.get("Docker-Content-Digest", "")
        if told.startswith("sha256:") and told != f"sha256:{_sha256(found.data)}":
            raise SourceError(
                f"{self.image}:{tag} has the SHA-256 {_sha256(found.data)}, and its registry "
                f"says {told.partition(':')[2][:64]}",
                "try again later; if it stays so, report it to those who run the registry",
            )
        return found.data

    def blob(self, digest: str) -> str:
        """Return the address of a blob."""
        return f"{self.image.base}/blobs/{digest}"


def registry(image: Image, patience: Patience, allow_hosts: Iterable[str] = ()) -> Registry:
    """Return the registry of an image, to which one logs in where it asks for it."""
    net = Web(reach(image.base, allow_hosts), patience)
    return Registry(image, replace(net, login=tokens.RegistryLogin(image, net)))


@dataclass(slots=True)
class _Layout:
    """The layout that a fetch makes: tags and the manifests that they name."""

    session: Session
    registry: Registry
    before: dict[str, str]
    """Digests of the manifests by tag, as an earlier fetch left them."""
    found: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Digest and size of the manifest by tag."""

    def take_index(self) -> bool:
        """Bring the index; return whether there is one. It may have changed since."""
        data = self.registry.manifest(self.registry.image.tag)
        if data is None:
            return False
        try:
            layer = oci.index_layer(data)
        except Rejected as rejected:
            message = f"{self.registry.image}:{self.registry.image.tag} is no index"
            remedy = "leave out the tag, or name that of an index"
            raise SourceError(f"{message}: {rejected.problem.message}", remedy) from rejected
        self._put(oci.INDEX_TAG, data)
        if not self._bring(layer):
            message = f"the registry does not have the index of {self.registry.image}, {layer}"
            raise SourceError(message, "make it again: spack buildcache update-index MIRROR")
        return True

    def take_spec(self, tag: str) -> bool:
        """Bring what a spec's tag names; what is not there or no manifest is told by the build."""
        data = self._kept(tag)
        data = self.registry.manifest(tag) if data is None else data
        if data is None:
            return False
        self._put(tag, data)
        try:
            return self._bring(oci.config_digest(data))
        except Rejected:
            return False

    def _kept(self, tag: str) -> bytes | None:
        digest = self.before.get(tag)
        return None if digest is None else self.session.kept(oci.blob(digest))

    def _put(self, tag: str, data: bytes) -> None:
        digest = f"sha256:{_sha256(data)}"
        self.session.put(oci.blob(digest), data)
        self.found[tag] = (digest, len(data))

    def _bring(self, digest: str) -> bool:
        return self.session.get(oci.blob(digest), self.registry.blob(digest))

    def write(self) -> None:
        """Write the files that make the folder an image layout; raises OSError."""
        folder = self.session.folder
        durable.replace(folder / "index.json", oci.index_json(self.found))
        durable.replace(folder / oci.LAYOUT, _LAYOUT)


def fetch_image(session: Session, registry: Registry, *, specs: bool, index: bool) -> None:
    """Fetch the index of a build cache, and with `specs` what describes each of its specs.

    Where `index` is not demanded, there may be none. Raises SourceError where nothing of a build
    cache is there.
    """
    layout = _Layout(session, registry, oci.digests(session.folder))
    has_index = layout.take_index()
    if specs or not has_index:
        tags = _spec_tags(registry)
        if not has_index and (index or not tags):
            _raise_missing(registry.image, tags)
        session.get_each(layout.take_spec, tags if specs else [])
    layout.write()


def _spec_tags(registry: Registry) -> list[str]:
    tags = registry.tags()
    if tags is None:
        message = f"{registry.image} is not there, or not for everyone"
        raise SourceError(message, "is the name right?", *tokens.how_to_log_in(registry.image))
    return [tag for tag in tags if oci.is_spec(tag)]


def _raise_missing(image: Image, tags: Sequence[str]) -> None:
    if not tags:
        message = f"{image} holds images, and none is a build cache's"
        raise SourceError(message, f"looked for the tags {image.tag} and *-HASH.spack")
    message = f"{image} is a build cache without an index"
    if image.tag != oci.INDEX_TAG:
        raise SourceError(f"{image} has no tag {image.tag}", f"leave it out: {oci.INDEX_TAG}")
    raise SourceError(message, *oci.WAYS_OUT)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
