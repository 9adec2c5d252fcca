"""One build cache gives the same rows, wherever it lies and by whatever of it it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from support import mirrors, stores
from support.registries import DOCKER_REGISTRY, docker_registry, fake_registry, push
from support.web import serve

Reader = Callable[[Path, str], list[dict[str, Any]]]
SNAPSHOT = "develop-2026-06-28"
DATA = mirrors.database("spliced")
TABLES = ("specs", "dependencies", "externals", "rejects")

WAYS = {
    # Where it lies, and whether its specs are read one by one.
    "v3 folder, spec by spec": ("v3", True),
    "v3 over HTTP": ("http", False),
    "v3 in S3": ("s3", False),
    "v3 in S3, spec by spec": ("s3", True),
    "v2 folder": ("v2", False),
    "v2 folder, spec by spec": ("v2", True),
    "OCI layout": ("oci", False),
    "OCI layout, spec by spec": ("oci", True),
    "OCI registry": ("registry", False),
    "OCI registry, spec by spec": ("registry", True),
    "registry with tokens and pages": ("fake", True),
}


class Places:
    """The same build cache in each place, made when it is asked for."""

    def __init__(self, folder: Path, running: ExitStack, s3_server: str) -> None:
        self.folder, self.running, self.s3_server = folder, running, s3_server
        self.made: dict[str, Path | str] = {}

    def __getitem__(self, name: str) -> Path | str:
        if name not in self.made:
            self.made[name] = getattr(self, name)()
        return self.made[name]

    def v3(self) -> Path:
        path = self.folder / "v3" / SNAPSHOT
        mirrors.put_index(path, DATA)
        mirrors.with_specs(path, DATA, sign=True)
        return path

    def v2(self) -> Path:
        return mirrors.v2_mirror(self.folder / "v2" / SNAPSHOT, DATA)

    def oci(self) -> Path:
        return mirrors.oci_layout(self.folder / "oci" / SNAPSHOT, DATA)

    def http(self) -> str:
        site = self.running.enter_context(serve(Path(self["v3"]).parent))
        return f"{site.url}/{SNAPSHOT}"

    def s3(self) -> str:
        return stores.upload(self.s3_server, "one-cache", Path(self["v3"]), SNAPSHOT)

    def registry(self) -> str:
        if DOCKER_REGISTRY is None:
            pytest.skip("docker-registry is not installed")
        host = self.running.enter_context(docker_registry(self.folder / "registry"))
        push(host, f"team/{SNAPSHOT}", Path(self["oci"]))
        return f"oci://{host}/team/{SNAPSHOT}"

    def fake(self) -> str:
        fake = self.running.enter_context(fake_registry(Path(self["oci"])))
        fake.ticket, fake.page = "a-token", 3
        return f"oci://{fake.host}/team/cache"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, s3_server: str) -> Iterator[Places]:
    with ExitStack() as running:
        yield Places(tmp_path_factory.mktemp("cache"), running, s3_server)


@pytest.fixture(scope="module")
def expected(
    places: Places, tmp_path_factory: pytest.TempPathFactory, read_rows: Reader
) -> list[Any]:
    """Return the rows of the v3 folder by its index, with sizes."""
    return tables(read_rows, places["v3"], tmp_path_factory.mktemp("a") / "dataset")


def tables(read_rows: Reader, source: Path | str, dataset: Path, **options: Any) -> list[Any]:
    sc.build(source, dataset, rename=SNAPSHOT, with_sizes=True, **options)
    return [sorted(read_rows(dataset, table), key=repr) for table in TABLES]


def test_the_rows_are_those_of_the_cache(expected: list[Any]) -> None:
    specs, dependencies, externals, rejects = expected
    assert {row["hash"]: row["size_bytes"] for row in specs} == {
        key: mirrors.size_of(key) for key in mirrors.spec_files(DATA)
    }
    assert dependencies
    assert externals
    assert not rejects


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("s3")
def test_the_rows_are_the_same_by_every_way(
    way: str,
    places: Places,
    expected: list[Any],
    tmp_path: Path,
    read_rows: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    place, from_specs = WAYS[way]
    found = tables(read_rows, places[place], tmp_path / "dataset", from_specs=from_specs)
    assert found == expected
