"""The folder of reports: what is made, what stays to the byte, and that nobody sees half of it."""

from __future__ import annotations

import errno
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spack_census.ask import snapshots
from spack_census.ask.database import connect
from spack_census.disk import failpoints, locking
from spack_census.errors import BusyError, CensusError, UnknownNameError
from spack_census.reports import charts, files
from spack_census.reports.choice import Choice, neighbours
from spack_census.reports.publish import Published, publish
from spack_census.reports.report import report_name
from support.command_line import Census
from support.query_cases import write_dataset
from support.quick_reports import quicken
from support.report_cases import A, spec
from support.report_folders import dataset_of, snapshot, state

NAMES = ["develop-2024-01-07", "develop-2024-01-14", "develop-2024-01-21", "develop-2024-01-28"]
PAIRS = [f"{before}..{after}" for before, after in itertools.pairwise(NAMES)]


class Cut(BaseException):
    """The end of a process, as far as a test can bring it about."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of four snapshots, of which each has one spec more than the one before."""
    return dataset_of(tmp_path_factory.mktemp("small") / "ds", _specs(NAMES), *NAMES)


@pytest.fixture(scope="module")
def published(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of its three reports, which tests must not change."""
    folder = tmp_path_factory.mktemp("published") / "reports"
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        assert publish(small, folder).changed
    return folder


@pytest.fixture
def census(small: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(small, capsys)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quicken(monkeypatch)


@pytest.fixture
def output(published: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder, times and all, to do with as a test likes."""
    return shutil.copytree(published, tmp_path / "reports", symlinks=True)


def _specs(names: list[str]) -> list[dict[str, object]]:
    return [
        spec(name, "abcdef"[n], package=f"p{n}", size_bytes=1)
        for place, name in enumerate(names)
        for n in range(place + 1)
    ]


def names(output: Path) -> list[str]:
    return sorted(path.name for path in output.iterdir() if ".." in path.name)


def contents(output: Path) -> dict[str, bytes]:
    return {name: content for name, (content, _) in state(output).items() if name != "LOCK"}


def made(found: Published) -> list[str]:
    return [report.name for report in found.made]


def test_each_snapshot_gets_a_report_oldest_first(census: Census, tmp_path: Path) -> None:
    output = tmp_path / "reports"
    ran = census("report --exit-code", "-o", str(output))
    assert ran.code == 1
    assert ran.out.splitlines() == [str(output / pair) for pair in PAIRS]
    assert f"{NAMES[3]}: 4 packages, 1 more than a week before" in ran.err
    assert names(output) == PAIRS
    assert sorted(path.name for path in (output / PAIRS[0]).iterdir()) == sorted(files.names())
    assert (output / "latest").resolve() == (output / PAIRS[2]).resolve()
    index = (output / "index.html").read_text()
    assert index.index(f'href="{PAIRS[2]}/report.html"') < index.index(f'href="{PAIRS[1]}/')
    assert index.index(f'href="{PAIRS[1]}/report.html"') < index.index(f'href="{PAIRS[0]}/')
    page = (output / PAIRS[1] / "report.html").read_text()
    assert f'href="../{PAIRS[0]}/report.html"' in page
    assert f'href="../{PAIRS[2]}/report.html"' in page
    assert not (output / ".drafts").exists()


def test_with_nothing_new_no_byte_changes_and_it_says_so(small: Path, output: Path) -> None:
    before = state(output)
    again = publish(small, output)
    assert not again.changed
    assert state(output) == before
    assert not list(output.glob(".drafts/*"))


def test_nothing_new_is_told(census: Census, output: Path) -> None:
    ran = census("report --exit-code", "-o", str(output))
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"nothing new: 3 reports in {output}, the newest {PAIRS[2]}\n"


def test_the_same_dataset_gives_the_same_bytes_in_another_process(
    small: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    publish(small, one, Choice(limit=1))
    command = [sys.executable, "-m", "spack_census.cli", "report", "--limit", "1"]
    subprocess.run([*command, "--dataset", small, "-o", two], check=True, capture_output=True)
    assert names(one) == PAIRS[:1]
    assert contents(one) == contents(two)


def test_a_limit_leaves_the_rest_for_the_next_run(
    small: Path, published: Path, tmp_path: Path
) -> None:
    first = publish(small, tmp_path, Choice(limit=2))
    assert (made(first), first.num_left) == (PAIRS[:2], 1)
    second = publish(small, tmp_path, Choice(limit=2))
    assert (made(second), second.num_left) == (PAIRS[2:], 0)
    assert contents(published) == contents(tmp_path), "in two runs it is what it is in one"


@pytest.mark.parametrize(
    ("since", "reports"),
    [(each, PAIRS[1:]) for each in (NAMES[2], "2024-01-21", "2024-01-15")] + [("2030-01-01", [])],
)
def test_since_takes_a_date_or_a_snapshot(small: Path, since: str, reports: list[str]) -> None:
    with connect(small) as con:
        found = neighbours(snapshots.listing(con), Choice(since=since))
    assert [report_name(before.snapshot, after.snapshot) for before, after in found] == reports


def test_another_series_is_reported_on_when_asked_for(tmp_path: Path) -> None:
    releases = ["v0.22.0", "v0.23.0"]
    specs = [*_specs(NAMES[:2]), spec("v0.22.0", "a"), spec("v0.23.0", "b")]
    dataset = dataset_of(tmp_path / "ds", specs, *NAMES[:2])
    listed = [snapshot(specs, name, n) for n, name in enumerate(NAMES[:2], 1)]
    listed += [snapshot(specs, name, n, series="release") for n, name in enumerate(releases, 1)]
    write_dataset(dataset, {"specs": specs, "snapshots": listed}, number=2)
    output = tmp_path / "reports"
    assert made(publish(dataset, output)) == PAIRS[:1]
    assert made(publish(dataset, output, Choice(series="release"))) == ["v0.22.0..v0.23.0"]
    assert (output / "latest").readlink() == Path(PAIRS[0])
    assert "v0.23.0" in (output / "index.html").read_text()
    # Atom demands a date, and a release has none.
    assert b"v0.23.0" not in (output / "feed.xml").read_bytes()
    with pytest.raises(UnknownNameError, match="nearest: release"):
        publish(dataset, output, Choice(series="releases"))


def test_a_pair_can_be_asked_for_and_stays_listed(small: Path, output: Path) -> None:
    found = publish(small, output, pair=(NAMES[0], "latest"))
    wide = f"{NAMES[0]}..{NAMES[3]}"
    assert made(found) == [wide]
    assert wide in (output / "index.html").read_text()
    assert (output / "latest").readlink() == Path(PAIRS[2])
    assert not publish(small, output).changed


def test_one_snapshot_makes_an_index_and_no_report(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "ds", [spec(A, "a")], A)
    found = publish(dataset, tmp_path / "reports")
    assert made(found) == []
    assert "No report yet" in (tmp_path / "reports" / "index.html").read_text()
    assert not (tmp_path / "reports" / "latest").is_symlink()
    assert not publish(dataset, tmp_path / "reports").changed


def test_a_report_on_other_documents_is_made_anew(tmp_path: Path) -> None:
    output, specs = tmp_path / "reports", _specs(NAMES[:3])
    dataset = dataset_of(tmp_path / "ds", specs, *NAMES[:3])
    publish(dataset, output)
    old = state(output)
    more = [*specs, spec(NAMES[2], "z", package="new")]
    other = dataset_of(tmp_path / "other", more, *NAMES[:3])
    assert made(publish(other, output)) == [PAIRS[1]]
    new = state(output)
    assert {name for name in old if old[name][1] != new[name][1]} >= {f"{PAIRS[1]}/report.json"}
    assert {n: v for n, v in new.items() if PAIRS[0] in n} == {
        n: v for n, v in old.items() if PAIRS[0] in n
    }


@pytest.mark.parametrize("file", ["report.html", "report.json", "changes.csv"])
def test_a_report_that_lacks_a_file_is_made_anew(small: Path, output: Path, file: str) -> None:
    before = contents(output)
    (output / PAIRS[1] / file).unlink()
    assert made(publish(small, output)) == [PAIRS[1]]
    assert contents(output) == before


def test_a_folder_without_a_report_is_left_alone_and_told(census: Census, tmp_path: Path) -> None:
    (tmp_path / "mine..yours").mkdir()
    (tmp_path / "mine..yours" / "report.json").write_text('{"schema_version": 1}')
    ran = census("report", "-o", str(tmp_path))
    assert ran.code == 0
    assert "note: mine..yours holds no report that can be read" in ran.err
    assert (tmp_path / "mine..yours" / "report.json").exists()


def test_older_reports_go_where_only_some_are_kept(small: Path, tmp_path: Path) -> None:
    publish(small, tmp_path, Choice(limit=1))
    publish(small, tmp_path, pair=(NAMES[0], NAMES[3]))
    found = publish(small, tmp_path, Choice(keep=1))
    # One that was made on demand stays.
    assert (made(found), found.removed) == ([PAIRS[2]], [PAIRS[0]])
    assert names(tmp_path) == [f"{NAMES[0]}..{NAMES[3]}", PAIRS[2]]
    assert PAIRS[0] not in (tmp_path / "index.html").read_text()
    assert not publish(small, tmp_path, Choice(keep=1)).changed


def _steps(dataset: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    taken: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "reached", taken.append)
        publish(dataset, output)
    return len(taken)


@pytest.mark.parametrize("every", [61, pytest.param(7, marks=pytest.mark.torture)])
def test_a_run_that_is_cut_off_anywhere_is_completed_and_shows_no_half(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr(charts, "trend", lambda *_: [])
    whole = tmp_path / "whole"
    total = _steps(small, whole, monkeypatch)
    want = contents(whole)
    assert total > 100
    for last in range(1, total, every):
        output = tmp_path / str(last)
        left = iter(range(last))

        def cut(_step: str, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise Cut

        with monkeypatch.context() as patch:
            patch.setattr(failpoints, "reached", cut)
            with pytest.raises(Cut):
                publish(small, output)
        for name in names(output) if output.exists() else ():
            assert {p.name for p in (output / name).iterdir()} == set(files.names())
        publish(small, output)
        assert contents(output) == want
        shutil.rmtree(output)


def test_a_full_disk_is_an_error_with_a_next_step_and_harms_nothing(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(small, tmp_path, Choice(limit=1))
    before = state(tmp_path)

    def full(step: str) -> None:
        if step == "write file":
            raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "reached", full)
        with pytest.raises(CensusError, match="somewhere: No space left on device"):
            publish(small, tmp_path)
    after = {name: found for name, found in state(tmp_path).items() if ".drafts" not in name}
    assert after == before


def test_two_runs_at_once_one_of_them_says_who_is_at_work(small: Path, tmp_path: Path) -> None:
    with (
        locking.hold(tmp_path),
        pytest.raises(BusyError, match=r"is being written \(process \d+") as caught,
    ):
        publish(small, tmp_path)
    assert "census report … --wait" in str(caught.value)
    assert names(tmp_path) == []


def test_a_link_where_drafts_belong_is_not_followed(small: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    output = tmp_path / "reports"
    output.mkdir()
    (output / ".drafts").symlink_to(precious)
    publish(small, output)
    assert (precious / "file").exists()


def test_without_the_libraries_it_says_which_and_how_to_get_them(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spack_census.reports.index.find_spec", lambda _: None)
    with pytest.raises(CensusError, match="jinja2") as caught:
        publish(small, tmp_path / "reports")
    assert "pip install 'spack-census[report]'" in str(caught.value)
    assert not (tmp_path / "reports").exists()


def test_a_job_of_github_actions_is_told(
    census: Census, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, outputs = tmp_path / "summary", tmp_path / "outputs"
    line = f"report --github -o {tmp_path / 'reports'} --url https://example.org/c"
    ran = census(line)
    assert ran.code == 2
    assert "GITHUB_STEP_SUMMARY" in ran.err
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    assert census(line).code == 0
    told = dict(text.split("=", 1) for text in outputs.read_text().splitlines())
    assert told["changed"] == "true"
    assert told["reports"].split() == PAIRS
    assert told["latest"] == PAIRS[2]
    assert told["headline"].startswith("4 packages, 1 more than a week before")
    text = summary.read_text()
    assert text.startswith(f"# {NAMES[3]}\n")
    assert f"(https://example.org/c/{PAIRS[2]}/report.html)" in text
    assert f"- {NAMES[1]}: 2 packages, 1 more" in text
    census(line)
    again = dict(text.split("=", 1) for text in outputs.read_text().splitlines())
    assert again["changed"] == "false"
    assert summary.read_text().endswith("No new snapshot: the reports are up to date.\n")
