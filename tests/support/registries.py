"""OCI registries on loopback: Docker's own, where it is installed, and one that misbehaves."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.web import Handler, serve_by

DOCKER_REGISTRY = shutil.which("docker-registry")
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@contextmanager
def docker_registry(folder: Path, htpasswd: str = "") -> Iterator[str]:
    """Run Docker's registry with its files in a folder; yield its host and port."""
    assert DOCKER_REGISTRY is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    folder.mkdir()
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "files")}},
        "http": {"addr": host},
    }
    if htpasswd:
        (folder / "htpasswd").write_text(htpasswd)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    # JSON is YAML.
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [DOCKER_REGISTRY, "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        while process.poll() is None and not _answers(host):
            time.sleep(0.02)
        assert process.poll() is None, (folder / "log").read_text()
        yield host
    finally:
        process.kill()
        process.wait()


def _answers(host: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{host}/v2/").close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def push(host: str, name: str, layout: Path, user: str = "") -> None:
    """Push the images of a layout, as anyone would over the registry's API; user:password."""
    secret = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}

    def ask(
        method: str, url: str, data: bytes = b"", kind: str = "application/octet-stream"
    ) -> str:
        headers = {"Content-Type": kind, **secret}
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - on loopback
        with urllib.request.urlopen(request) as response:  # noqa: S310 - on loopback
            return str(response.headers.get("Location", ""))

    base = f"http://{host}/v2/{name}"
    blobs = layout / "blobs" / "sha256"
    pushed: set[str] = set()
    for each in json.loads((layout / "index.json").read_text())["manifests"]:
        manifest = (blobs / each["digest"].removeprefix("sha256:")).read_bytes()
        image = json.loads(manifest)
        for part in (image["config"], *image["layers"]):
            digest = part["digest"]
            if digest not in pushed:
                place = urllib.parse.urljoin(base, ask("POST", f"{base}/blobs/uploads/"))
                data = (blobs / digest.removeprefix("sha256:")).read_bytes()
                ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data)
                pushed.add(digest)
        tag = each["annotations"]["org.opencontainers.image.ref.name"]
        ask("PUT", f"{base}/manifests/{tag}", manifest, _MANIFEST)


@dataclass
class Fake:
    """A registry that serves one layout as the image `team/cache`, and does as it is told."""

    layout: Path
    host: str = ""
    page: int = 1000
    """Tags a page, whatever is asked for."""
    ticket: str = ""
    """The token that lets one in, where it is not empty; the realm gives it."""
    user: str = ""
    """user:password that the realm demands; empty: it gives a token to anyone."""
    realm: str = ""
    """By default the registry's own /token."""
    next_link: str = ""
    """In the place of its own Link header."""
    blobs: str = ""
    """Where blobs are redirected to."""
    failures: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    """End of a path → answers to the next requests for it."""
    tampered: Callable[[str, bytes], bytes] = lambda _path, data: data
    """What is sent of a file."""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(method, path and query, Authorization) of each request."""

    def manifests(self) -> dict[str, Path]:
        listed = json.loads((self.layout / "index.json").read_text())["manifests"]
        names = (
            (each["annotations"]["org.opencontainers.image.ref.name"], each) for each in listed
        )
        return {name: self.blob(each["digest"]) for name, each in names}

    def blob(self, digest: str) -> Path:
        return self.layout / "blobs" / "sha256" / digest.removeprefix("sha256:")


class _FakeHandler(Handler):
    fake: Fake

    def note(self, status: int, count: int) -> None:
        """Keep nothing: what was asked is noted."""

    def do_HEAD(self) -> None:  # noqa: N802 - the base class's name
        self.do_GET()

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        fake, (path, _, query) = self.fake, self.path.partition("?")
        fake.asked.append((self.command, self.path, self.headers.get("Authorization")))
        for end, waiting in fake.failures.items():
            if path.endswith(end) and waiting:
                status, headers = waiting.pop(0)
                self.answer(status, b"", **headers)
                return
        if path == "/token":
            self._give_token()
        elif fake.ticket and self.headers.get("Authorization") != f"Bearer {fake.ticket}":
            realm = fake.realm or f"http://{fake.host}/token"
            scope = "repository:team/cache:pull"
            asked = f'Bearer realm="{realm}",service="tests, all of them",scope="{scope}"'
            self.answer(401, b"{}", **{"WWW-Authenticate": asked})
        elif path == "/v2/team/cache/tags/list":
            self._list(urllib.parse.parse_qs(query).get("last", [""])[0])
        else:
            self._send(path)

    def _give_token(self) -> None:
        wanted = f"Basic {base64.b64encode(self.fake.user.encode()).decode()}"
        if self.fake.user and self.headers.get("Authorization") != wanted:
            self.answer(401, b"{}")
        else:
            self.answer(200, json.dumps({"token": self.fake.ticket}).encode())

    def _list(self, last: str) -> None:
        fake = self.fake
        tags = [tag for tag in sorted(fake.manifests()) if tag > last]
        headers = {}
        if fake.next_link:
            headers["Link"] = fake.next_link
        elif len(tags) > fake.page:
            here = f"/v2/team/cache/tags/list?n={fake.page}&last={tags[fake.page - 1]}"
            headers["Link"] = f'<{here}>; rel="next"'
        body = {"name": "team/cache", "tags": tags[: fake.page]}
        self.answer(200, json.dumps(body).encode(), **headers)

    def _send(self, path: str) -> None:
        fake = self.fake
        name = path.rpartition("/")[2]
        if "/manifests/" in path:
            found = fake.manifests().get(name)
        else:
            found = fake.blob(name) if path.startswith("/v2/team/cache/blobs/") else None
            if fake.blobs:
                self.answer(307, b"", Location=f"{fake.blobs}/{name.removeprefix('sha256:')}")
                return
        if found is None or not found.is_file():
            self.answer(404, b"{}")
        else:
            self.answer(200, fake.tampered(path, found.read_bytes()))


@contextmanager
def fake_registry(layout: Path) -> Iterator[Fake]:
    """Serve a layout for as long as the context lasts."""
    fake = Fake(layout)
    with serve_by(type("BoundHandler", (_FakeHandler,), {"fake": fake})) as url:
        fake.host = url.removeprefix("http://")
        yield fake
