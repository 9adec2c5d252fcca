"""The folder of the explorer: made once, then only what is new; never half of one."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from spack_census.disk import failpoints
from spack_census.errors import ParameterError
from spack_census.site.publish import publish
from support import site_reader as reader
from support.command_line import Census
from support.query_cases import write_dataset
from support.report_cases import A, B, spec
from support.report_folders import LATE, dataset_of, hostile_tables, snapshot, state


def named(site: Path) -> set[str]:
    """Return the files of data that the index names."""
    head = reader.index(reader.site(site))
    shards = {f"{digest}.history.js" for digest in head["history"]}
    snapshots = [entry["files"].items() for entry in head["snapshots"]]
    return shards | {f"{digest}.{kind}.js" for files in snapshots for kind, digest in files}


def data(site: Path) -> set[str]:
    return {path.name for path in (site / "data").iterdir()}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return dataset_of(tmp_path / "old", [spec(A, "a"), spec(B, "b")], A, B)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    rows = [spec(A, "a"), spec(B, "b"), spec("develop-2024-06-16", "c", package="hdf5")]
    return dataset_of(tmp_path / "new", rows, A, B, "develop-2024-06-16")


def test_there_is_what_the_index_names_and_nothing_else(shipped: Path, sites: Path) -> None:
    site = sites / "real"
    published = publish(shipped, site)
    assert not published.changed
    assert published.num_specs == 4_987
    assert data(site) == named(site) | {"index.js"}
    assert f"data/index.js?v={digest(site)}" in (site / "index.html").read_text()
    held = [path for path in site.rglob("*") if path.is_file()]
    assert published.size_bytes == sum(path.stat().st_size for path in held if path.name != "LOCK")


def digest(site: Path) -> str:
    payload = reader.payload((site / "data" / "index.js").read_bytes())
    return hashlib.sha256(payload).hexdigest()[:12]


def test_a_second_run_writes_nothing(dataset: Path, tmp_path: Path) -> None:
    publish(dataset, tmp_path / "site")
    before = state(tmp_path / "site")
    published = publish(dataset, tmp_path / "site")
    assert not published.changed
    assert published.said.startswith("nothing new: 2 snapshots, 2 specs")
    assert state(tmp_path / "site") == before


def test_a_new_snapshot_rewrites_no_file_of_the_others(
    dataset: Path, newer: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    publish(dataset, site)
    before = state(site)
    published = publish(newer, site)
    kept = [name for name in before if ".specs." in name or ".hashes." in name]
    assert len(kept) == 4
    assert all(state(site)[name] == before[name] for name in kept)
    assert published.written[-2:] == ["index.html", "data/index.js"]
    assert [name.split(".")[1] for name in published.removed] == ["history"]
    assert data(site) == named(site) | {"index.js"}


def test_what_is_not_of_the_explorer_stays(dataset: Path, newer: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    publish(dataset, site)
    for name in ("CNAME", "data/notes.txt", "data/x.specs.js.txt"):
        (site / name).write_text("mine")
    publish(newer, site)
    for name in ("CNAME", "data/notes.txt", "data/x.specs.js.txt"):
        assert (site / name).read_text() == "mine"


def test_a_run_that_is_killed_at_any_step_leaves_an_explorer(
    dataset: Path, newer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, left = tmp_path / "site", tmp_path / "left"
    publish(dataset, site)
    old = reader.index(reader.site(site))["newest"]
    steps: list[Path] = []

    def reached(_step: str) -> None:
        # As a run that dies here would leave it.
        steps.append(left / str(len(steps)))
        shutil.copytree(site, steps[-1])

    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "reached", reached)
        publish(newer, site)
    new = reader.index(reader.site(site))["newest"]
    newest = [reader.index(reader.site(step))["newest"] for step in steps]
    assert len(steps) > 20
    assert set(newest) == {old, new}
    assert newest == sorted(newest)
    assert all(named(step) <= data(step) for step in steps)
    for step in (steps[len(steps) // 2], steps[-1]):
        publish(newer, step)
        assert data(step) == data(site)


def test_a_full_disk_is_told_plainly(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, census: Callable[..., Census]
) -> None:
    def full(step: str) -> None:
        if step == "write file":
            raise OSError(28, "No space left on device", "data")

    monkeypatch.setattr(failpoints, "reached", full)
    ran = census(dataset)("site", "--output", str(tmp_path / "site"))
    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert "the explorer published before is as it was" in ran.err


@pytest.fixture
def census(capsys: pytest.CaptureFixture[str]) -> Callable[..., Census]:
    return lambda dataset: Census(dataset, capsys)


def test_the_command_prints_the_page_and_says_what_it_did(
    dataset: Path, tmp_path: Path, census: Callable[..., Census]
) -> None:
    site = tmp_path / "site"
    ran = census(dataset)("site", "--output", str(site))
    assert (ran.code, ran.out) == (0, f"{site}/index.html\n")
    assert "2 snapshots, 2 specs" in ran.err
    again = census(dataset)("site", "--output", str(site))
    assert again.err.startswith("nothing new")


def test_an_empty_dataset_is_an_error_that_says_what_to_do(
    tmp_path: Path, census: Callable[..., Census]
) -> None:
    dataset = write_dataset(tmp_path / "empty", {})
    ran = census(dataset)("site", "--output", str(tmp_path / "site"))
    assert ran.code == 2
    assert "the dataset holds no snapshot" in ran.err
    assert not (tmp_path / "site" / "index.html").exists()


def shelve(reports: Path) -> None:
    """Put a report, as `census report` leaves it, into a folder."""
    (reports / f"{A}..{B}").mkdir(parents=True)
    (reports / f"{A}..{B}" / "report.html").touch()
    (reports / "index.html").touch()
    (reports / "latest").symlink_to(f"{A}..{B}")


def test_reports_within_are_linked(dataset: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    publish(dataset, site)
    assert "Reports</a>" not in (site / "index.html").read_text()
    shelve(site / "reports")
    publish(dataset, site)
    assert 'href="reports/index.html"' in (site / "index.html").read_text()
    assert reader.index(reader.site(site))["reports"] == [f"{A}..{B}"]
    publish(dataset, site, site / "reports")
    assert 'href="reports/index.html"' in (site / "index.html").read_text()


def test_reports_elsewhere_are_linked_where_they_are_named(dataset: Path, tmp_path: Path) -> None:
    """A server of the folder alone has nothing above it."""
    site, reports = tmp_path / "deep" / "site", tmp_path / "reports"
    shelve(reports)
    shelve(tmp_path / "deep" / "reports")
    publish(dataset, site)
    assert "Reports</a>" not in (site / "index.html").read_text()
    assert reader.index(reader.site(site))["reports"] == []
    publish(dataset, site, reports)
    assert 'href="../../reports/index.html"' in (site / "index.html").read_text()
    assert reader.index(reader.site(site))["reports"] == [f"{A}..{B}"]
    for place in (site / "data", tmp_path, dataset):
        with pytest.raises(ParameterError, match=r"lies in that of|same folder"):
            publish(dataset, site, place)


class Tables(HTMLParser):
    """Reads the cells of the page's table, and what tags there are."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_without_javascript_there_is_a_table_of_packages(sites: Path) -> None:
    page = Tables()
    page.feed((sites / "real" / "index.html").read_text())
    assert [cell.strip() for cell in page.rows[0]] == ["Package", "Newest", "Binaries", "Targets"]
    assert len(page.rows) == 1 + 542
    found = {row[0]: [cell.strip() for cell in row[1:]] for row in page.rows}
    assert found["hdf5"] == ["1.14.3", "9", "neoverse_v1, x86_64_v3"]


def test_names_in_the_page_are_text(sites: Path) -> None:
    tables = hostile_tables()
    page = Tables()
    page.feed((sites / "hostile" / "index.html").read_text())
    assert page.tags.count("script") == 1
    assert not {"img", "iframe"} & set(page.tags)
    assert len(page.rows) == 1 + snapshot(list(tables["specs"]), LATE, 1)["num_packages"]  # type: ignore[arg-type]
