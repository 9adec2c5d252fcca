"""`census init`: what it writes is read back for each kind of source; it writes over nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from spack_census.cli import main
from spack_census.schedule.config import RunConfig, read
from support.mirrors import with_views

CORPUS = Path(__file__).parents[1] / "corpus"
LIST = "https://binaries.spack.io/cache_spack_io_index.json"


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, str]:
    """Return a source of each kind, as one would type it."""
    documents = shutil.copytree(
        CORPUS / "formats" / "sources" / "documents", tmp_path / "it's docs"
    )
    shutil.make_archive(str(tmp_path / "packed"), "gztar", documents)
    git = shutil.copytree(documents, tmp_path / "repository" / "_cache").parent
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=git, check=True)
    return {
        "documents": str(documents),
        "archive": str(tmp_path / "packed.tar.gz"),
        "git": str(git),
        "mirror": str(with_views(tmp_path / "mirror")),
        "list": LIST,
        "address": "https://example.org/mirror",
        "bucket": "s3://example-bucket/mirror",
        "registry": "oci://ghcr.io/example/cache",
    }


KINDS = ("documents", "archive", "git", "mirror", "list", "address", "bucket", "registry")
NAME_THEMSELVES = {"documents", "archive", "git", "list"}


def started(source: str, *options: str) -> tuple[int, RunConfig]:
    code = main(["init", source, *options])
    return code, read(Path("census.yaml"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_is_read_back(
    sources: dict[str, str],
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code, settings = started(sources[kind])
    assert code == 0
    (source,) = settings.sources
    assert source.source == sources[kind]
    assert source.rename == (None if kind in NAME_THEMSELVES else "site")
    assert source.latest == (4 if kind == "list" else None)
    told = capsys.readouterr().out
    place = tmp_path / "here" / "census.yaml"
    assert "17 5 * * * " in told
    assert "systemd-run --user" in told
    assert "- run: census run census.yaml --github" in told
    assert told.count(f" run {place}") == 2
    assert main(["run", "census.yaml", "--check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"build   {sources[kind]}"
    assert [line.split()[0] for line in lines] == ["build", "into", "report", "site", "export"]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["census.yaml"]


def test_the_run_that_it_begins_does_all(
    sources: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    started(sources["documents"])
    assert main(["run", "census.yaml"]) in {0, 1}
    output = tmp_path / "here" / "output"
    assert {path.name for path in output.iterdir()} == {"dataset", "reports", "site", "data"}
    assert (output / "data" / "SHA256SUMS").is_file()


def test_a_file_that_is_there_is_left_as_it_is(
    sources: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("census.yaml").write_text("mine")
    assert main(["init", sources["list"]]) == 2
    assert Path("census.yaml").read_text() == "mine"
    assert "is there already" in capsys.readouterr().err
    assert main(["init", sources["list"], "-o", "other.yaml", "--as", "x y"]) == 0
    assert read(Path("other.yaml")).sources[0].rename == "x y"


def test_what_is_no_source_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for source in ("nowhere", "https://user:secret@example.org/mirror"):
        assert main(["init", source]) == 2
        told = capsys.readouterr().err
        assert "nowhere" in told or "leave it out" in told
        assert "secret" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_missing_is_told_before_the_work(
    sources: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from spack_census.reports import index

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    started(sources["documents"])
    monkeypatch.setattr(index, "_LIBRARIES", {"no_such_library": "jinja2"})
    for options in ([], ["--check"]):
        assert main(["run", "census.yaml", *options]) == 2
        assert "jinja2, which this Python does not have" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["census.yaml"]
