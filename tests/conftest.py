"""What several tests share: where the documents lie, a dataset built of them, and its rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, settings

import spack_census as sc
from support import stores

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

# No example has a time limit: a machine may be slow or busy. CI tries the same examples each time.
settings.register_profile(
    "census",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    # What fails need not be small to tell that a mutant is found out.
    "mutants",
    settings.get_profile("census"),
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.register_profile("long", settings.get_profile("census"), max_examples=2000)
settings.load_profile("census")


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than cores: pages and servers are waited for, too."""
    return (os.cpu_count() or 1) + 1


Rows = list[dict[str, Any]]
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def documents_folder() -> Path:
    """Return the folder of documents that ships with the project."""
    return HERE.parent / "documents"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of our own documents: good, differently spelled, and bad ones."""
    return HERE / "corpus"


@pytest.fixture(scope="session")
def shipped(documents_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset built from the shipped documents; tests must not change it."""
    dataset = tmp_path_factory.mktemp("shipped") / "dataset"
    sc.build(documents_folder, dataset)
    return dataset


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Run an S3 server on loopback for all tests; return its address."""
    with stores.s3_server() as address:
        yield address


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an S3 server, to which the environment leads."""
    for name, value in stores.environment(s3_server).items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once; where there is none, what asks for it is skipped."""
    from support import browsing  # loads what most tests need not

    with browsing.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """Open one window for a module's tests: a page of their own costs a tenth of a window."""
    from support import browsing

    context = browsing.window(browser)
    yield context
    context.close()


@pytest.fixture(scope="session")
def read_rows() -> Callable[[Path, str], Rows]:
    """Return a reader of one table of a dataset's current version: every row, as a dict."""

    def read(dataset: Path, table: str) -> Rows:
        folder = dataset / "current" / table
        if not folder.exists():
            return []
        rows: Rows = []
        for path in sorted(folder.rglob("*.parquet")):
            # Read file by file, so that no reader's guess about partitions is in between.
            levels = [part.split("=", 1) for part in path.relative_to(folder).parts[:-1]]
            inside = pq.ParquetFile(path).read()
            assert isinstance(inside, pa.Table)
            rows += [{**dict(levels), **row} for row in inside.to_pylist()]
        return rows

    return read
