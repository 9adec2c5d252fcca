"""Git as a source: the same rows as from a folder, `develop` through time, nothing run."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from spack_census.building import builder, inventory
from spack_census.building.outcomes import BuildResult
from spack_census.dataset.layout import pin
from spack_census.documents.records import Document, Reject
from spack_census.errors import ParameterError, SourceError
from spack_census.sources import git, gitobjects, recognise
from spack_census.sources.directory import Directory
from spack_census.sources.git import Git, open_repository
from spack_census.sources.githistory import Every, states
from spack_census.sources.gittree import Tree
from support.command_line import Census
from support.documents_made import hash_of
from support.repositories import Repository, init

Reader = Callable[[Path, str], list[dict[str, Any]]]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository: a release, and five states of develop in two weeks."""
    made = init(tmp_path / "repository")
    made.write("v1.0.0", "zlib", "1.3")
    for package in ("cmake", "zlib"):
        made.write("develop", package, "1.0")
    made.commit("2025-07-17T09:30:00Z")  # a Thursday
    made.write("develop", "zlib", "1.1")
    made.commit("2025-07-17T21:30:00Z")
    made.write("develop", "zlib", "1.2")
    made.commit("2025-07-20T23:30:00-02:00")  # in UTC it is Monday already
    (made.root / "README.md").write_text("no document")
    made.commit("2025-07-22T10:00:00Z")
    made.write("develop", "zlib", "1.3")
    made.commit("2025-07-23T10:00:00Z")
    made.write("develop", "zlib", "1.4")
    made.commit("2025-07-23T10:00:00Z")
    return made


def build(source: Git, dataset: Path, jobs: int = 1) -> BuildResult:
    return builder.build(source, dataset, jobs=jobs)


def versions(rows: list[dict[str, Any]], package: str = "zlib") -> dict[str, str]:
    """Return snapshot → version of the package, of which each snapshot has one."""
    found = [(row["snapshot"], row["version"]) for row in rows if row["package"] == package]
    assert len(found) == len(dict(found))
    return dict(found)


def files_of(dataset: Path, table: str) -> dict[str, bytes]:
    version = pin(dataset)
    folder = version / table
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.parquet")}


def test_the_shipped_snapshots_give_the_bytes_of_the_folder_bare_or_not(
    tmp_path: Path, documents_folder: Path, shipped: Path, read_rows: Reader
) -> None:
    made = init(tmp_path / "repository")
    shutil.copytree(documents_folder, made.root, dirs_exist_ok=True)
    made.commit("2025-01-01T00:00:00Z")
    shutil.rmtree(made.root / "_cache")  # what is not committed does not count
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    for place in (made.root, tmp_path / "bare.git"):
        dataset = tmp_path / f"dataset of {place.name}"
        build(open_repository(place, folder=""), dataset)
        for table in ("specs", "documents", "rejects"):
            assert files_of(dataset, table) == files_of(shipped, table)
        assert {row["source"] for row in read_rows(dataset, "snapshots")} == {"git"}


def test_each_day_keeps_its_last_state(
    repository: Repository, dataset: Path, read_rows: Reader
) -> None:
    result = build(open_repository(repository.root), dataset)
    assert versions(read_rows(dataset, "specs")) == {
        "v1.0.0": "1.3",
        "develop@2025-07-17": "1.1",
        "develop@2025-07-21": "1.2",
        "develop@2025-07-23": "1.4",
    }
    assert result.totals.documents_seen == 7
    assert not result.num_skipped


def test_a_path_of_a_state_is_one_that_git_shows(
    repository: Repository, dataset: Path, read_rows: Reader
) -> None:
    build(open_repository(repository.root, every=Every.COMMIT), dataset)
    rows = read_rows(dataset, "documents")
    assert not any(row["warnings"] for row in rows)
    paths = [row["path"] for row in rows if row["snapshot"].startswith("develop@2025-07-17T09")]
    assert len(paths) == 2
    for path in paths:
        assert "1.0" in repository.git("show", path)
    assert "_cache/v1.0.0/zlib/specs.md" in {row["path"] for row in rows}


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (Every.WEEK, ["2025-07-17", "2025-07-21"]),
        (Every.DAY, ["2025-07-17", "2025-07-21", "2025-07-23"]),
        (
            Every.COMMIT,
            [
                "2025-07-17T093000Z",
                "2025-07-17T213000Z",
                "2025-07-21T013000Z",
                "2025-07-23T100000Z",
                "2025-07-23T100000Z.2",
            ],
        ),
    ],
)
def test_every_chooses_states_and_since_leaves_out_early_ones(
    repository: Repository, every: Every, expected: list[str]
) -> None:
    def names(since: str | None) -> list[str]:
        source = open_repository(repository.root, every=every, since=since)
        return [state.snapshot for state in source.states.values()]

    assert names(None) == [f"develop@{name}" for name in expected]
    late = [name for name in expected if name >= "2025-07-21"]
    assert names("2025-07-21") == [f"develop@{name}" for name in late]


def test_a_week_keeps_its_first_state_whatever_follows() -> None:
    week = 7 * 86400
    commits = [(0, "a"), (86400, "b"), (week, "c")]
    kept = states("develop", commits, Every.WEEK)
    assert [(state.snapshot, state.commit) for state in kept] == [
        ("develop@1970-01-01", "a"),
        ("develop@1970-01-08", "c"),
    ]
    assert states("develop", commits[:1], Every.WEEK) == kept[:1]


def test_a_revision_shows_the_repository_as_it_was(
    repository: Repository, dataset: Path, read_rows: Reader
) -> None:
    repository.git("tag", "then", "HEAD~4")
    build(open_repository(repository.root, rev="then"), dataset)
    expected = {"v1.0.0": "1.3", "develop@2025-07-17": "1.1"}
    assert versions(read_rows(dataset, "specs")) == expected


def test_what_was_merged_in_is_dated_by_its_merge(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    repository.write("develop", "cmake", "2.0")
    repository.commit("2025-07-24T00:00:00Z")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "m", "side", date="2025-07-30T00:00:00Z")
    source = open_repository(repository.root, since="2025-07-24")
    assert [state.snapshot for state in source.states.values()] == ["develop@2025-07-30"]


def test_a_second_build_reads_no_blob(
    repository: Repository, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build(open_repository(repository.root), dataset).published
    monkeypatch.delattr(gitobjects.Blobs, "read")
    assert not build(open_repository(repository.root), dataset).published


def test_a_new_commit_adds_a_snapshot_and_leaves_the_others(
    repository: Repository, dataset: Path
) -> None:
    build(open_repository(repository.root), dataset)
    repository.write("develop", "cmake", "3.0")
    repository.commit("2025-08-01T00:00:00Z")
    result = build(open_repository(repository.root), dataset)
    statuses = {outcome.snapshot: outcome.status for outcome in result.outcomes}
    assert statuses.pop("develop@2025-08-01") == "new"
    assert set(statuses.values()) == {"unchanged"}


def test_every_is_no_matter_of_fingerprints(repository: Repository, dataset: Path) -> None:
    build(open_repository(repository.root), dataset)
    result = build(open_repository(repository.root, every=Every.COMMIT), dataset)
    assert sum(outcome.snapshot.startswith("develop@2025-07-2") for outcome in result.outcomes) == 3
    assert all("T" in o.snapshot for o in result.outcomes if o.snapshot != "v1.0.0")


def test_a_document_that_stays_is_read_and_decoded_once(
    repository: Repository, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = gitobjects.Blobs.read

    def counting(
        blobs: gitobjects.Blobs, object_ids: list[str], limit: int | None = None
    ) -> list[bytes]:
        read.extend(object_ids)
        return original(blobs, object_ids, limit)

    monkeypatch.setattr(gitobjects.Blobs, "read", counting)
    monkeypatch.setattr("spack_census.sources.git._last", git._LastState())
    build(open_repository(repository.root), dataset)
    cmake = repository.git("rev-parse", "HEAD:_cache/develop/cmake/specs.md")
    assert read.count(cmake) == 1


def test_processes_read_on_where_others_listed(
    repository: Repository, dataset: Path, tmp_path: Path
) -> None:
    build(open_repository(repository.root, every=Every.COMMIT), dataset)
    build(open_repository(repository.root, every=Every.COMMIT), tmp_path / "other", jobs=2)
    assert files_of(dataset, "specs") == files_of(tmp_path / "other", "specs")


def test_threads_do_not_share_what_they_decoded(
    repository: Repository, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        # One of the two stays from state to state; all threads want it, each another one.
        repository.write("develop", ("zlib", "cmake")[number // 2 % 2], f"2.{number}")
        repository.commit(f"2025-08-{number + 1:02}T10:00:00Z")
    build(open_repository(repository.root), dataset)
    # Two states are read at once for certain: neither goes on before the other has begun.
    meeting, original = threading.Barrier(2), Tree.documents

    def slowly(tree: Tree, *arguments: Any) -> list[Document | Reject]:
        found = list(original(tree, *arguments))
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.2)
        return found

    monkeypatch.setattr(Tree, "documents", slowly)
    with ThreadPoolExecutor(4) as pool:
        builder.build(open_repository(repository.root), tmp_path / "other", executor=pool)
    assert files_of(dataset, "specs") == files_of(tmp_path / "other", "specs")


def test_what_lies_in_develop_belongs_to_its_state_whatever_it_names(
    repository: Repository, dataset: Path, read_rows: Reader
) -> None:
    repository.write("v0.9.0", "stray", "1.0", at="develop")
    repository.commit("2025-08-01T00:00:00Z")
    (repository.root / "_cache/develop/cmake/specs.md").write_text("---\nbroken\n---")
    repository.commit("2025-08-02T00:00:00Z")
    build(open_repository(repository.root, since="2025-08-01"), dataset)
    found = versions(read_rows(dataset, "specs"), "stray")
    assert found == {"develop@2025-08-01": "1.0", "develop@2025-08-02": "1.0"}
    warnings = [r["warnings"] for r in read_rows(dataset, "documents") if r["package"] == "stray"]
    assert len(warnings) == 2
    assert all("the front matter 'v0.9.0'" in text for [text] in warnings)
    rejects = [(row["snapshot"], row["reason"]) for row in read_rows(dataset, "rejects")]
    assert rejects == [("develop@2025-08-02", "wrong-type")]


def test_links_and_names_that_are_not_utf8_are_rejects(
    repository: Repository, dataset: Path, read_rows: Reader
) -> None:
    folder = repository.root / "_cache" / "v1.0.0"
    (folder / "link.md").symlink_to("/etc/passwd")
    Path(os.fsdecode(bytes(folder) + b"/latin-\xe9.md")).write_text("---\n---")
    (folder / "no-document.json").write_text("{}")
    repository.commit("2025-08-01T00:00:00Z")
    result = build(open_repository(repository.root), dataset)
    rejects = {row["path"]: row["reason"] for row in read_rows(dataset, "rejects")}
    assert rejects == {
        "_cache/v1.0.0/link.md": "not-regular-file",
        "_cache/v1.0.0/latin-\\xe9.md": "unsafe-name",
    }
    assert result.num_skipped == 1


def test_a_submodule_is_passed_over(repository: Repository, dataset: Path) -> None:
    entry = f"160000,{hash_of(1)[:8].encode().hex():0<40},_cache/develop/module.md"
    repository.git("update-index", "--add", "--cacheinfo", entry)
    repository.git("commit", "--quiet", "-m", "m", date="2025-08-01T00:00:00Z")
    result = build(open_repository(repository.root, since="2025-08-01"), dataset)
    assert (result.totals.documents_seen, result.totals.documents_rejected) == (3, 0)


def test_path_names_the_folder_and_may_be_develop_itself(repository: Repository) -> None:
    release = open_repository(repository.root, folder="_cache/v1.0.0/")
    [(entry, snapshot)] = release.entries()  # type: ignore[misc]
    assert (entry.path, snapshot) == ("_cache/v1.0.0/zlib/specs.md", "v1.0.0")
    develop = open_repository(repository.root, folder="_cache/develop", every=Every.WEEK)
    assert len(develop.states) == 2
    assert len(list(develop.entries())) == 4
    with pytest.raises(SourceError, match="no folder 'nosuch'"):
        open_repository(repository.root, folder="nosuch")


def test_nothing_that_the_repository_configures_is_run(
    repository: Repository, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    ran = tmp_path / "ran"
    trap.write_text(f"#!/bin/sh\necho ran >> {ran}\n")
    trap.chmod(0o755)
    hooks = repository.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        shutil.copy(trap, hooks / name)
    (repository.root / ".gitattributes").write_text("* diff=trap filter=trap\n")
    repository.git("-c", "core.hooksPath=/dev/null", "add", ".gitattributes")
    repository.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "m")
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.trap.textconv",
        "filter.trap.smudge",
        "log.showSignature",
        "gpg.program",
        "credential.helper",
    ):
        value = "true" if key.startswith("log.") else str(trap)
        repository.git("-c", "core.hooksPath=/dev/null", "config", key, value)
    ran.unlink(missing_ok=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_PAGER", str(trap))
    build(open_repository(repository.root), dataset)
    assert not ran.exists()


@pytest.mark.parametrize("rev", ["nosuch", "--all", "--output=/tmp/x", "", "HEAD:_cache", "-"])
def test_a_revision_that_is_none_is_an_error_of_its_own(repository: Repository, rev: str) -> None:
    with pytest.raises(SourceError, match="has no commit") as caught:
        open_repository(repository.root, rev=rev)
    assert caught.value.next_steps


def test_a_branch_that_looks_like_an_option_is_no_option(repository: Repository) -> None:
    repository.git("update-ref", "refs/heads/--all", "HEAD~4")
    assert len(open_repository(repository.root, rev="refs/heads/--all").states) == 1


def test_what_is_no_repository_is_an_error(tmp_path: Path, repository: Repository) -> None:
    inside = repository.root / "_cache"
    for place in (tmp_path / "nosuch", inside):
        with pytest.raises(SourceError, match="is no git repository"):
            open_repository(place)
    with pytest.raises(SourceError, match="has no commit 'HEAD'"):
        open_repository(init(tmp_path / "empty").root)


def test_a_date_that_is_none_is_an_error(repository: Repository) -> None:
    with pytest.raises(ParameterError, match="is no date"):
        open_repository(repository.root, since="last week")


def test_a_lost_object_is_an_error_and_publishes_nothing(
    repository: Repository, dataset: Path
) -> None:
    blob = repository.git("rev-parse", "HEAD:_cache/develop/zlib/specs.md")
    (repository.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(SourceError):
        build(open_repository(repository.root), dataset)
    assert not (dataset / "current").exists()


def test_a_lost_object_is_fetched_from_nowhere(repository: Repository, tmp_path: Path) -> None:
    # What a partial clone lacks git would fetch, by whatever command its configuration names.
    ran, trap = tmp_path / "ran", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\n")
    trap.chmod(0o755)
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "evil",
        "remote.evil.promisor": "true",
        "remote.evil.url": f"ext::{trap}",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
    }.items():
        repository.git("config", key, value)
    with gitobjects.Blobs(repository.root / ".git") as blobs, pytest.raises(SourceError):
        blobs.read(["1" * 40])
    with pytest.raises(SourceError):
        gitobjects.commit_of(repository.root / ".git", "1" * 40)
    assert not ran.exists()
    subprocess.run(
        ["git", "cat-file", "-e", "1" * 40], cwd=repository.root, capture_output=True, check=False
    )
    assert ran.exists()  # so the trap is one


def test_a_broken_object_is_an_error_that_names_it(repository: Repository) -> None:
    git_dir = repository.root / ".git"
    blob = repository.git("rev-parse", "HEAD:_cache/develop/zlib/specs.md")
    path = git_dir / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"broken")
    with gitobjects.Blobs(git_dir) as blobs, pytest.raises(SourceError, match=blob):
        blobs.read([blob])
    with gitobjects.Blobs(git_dir) as blobs, pytest.raises(SourceError, match="lacks the object"):
        blobs.read(["0" * 40])


def test_a_git_that_ends_early_is_an_error(repository: Repository) -> None:
    blob = repository.git("rev-parse", "HEAD:_cache/develop/zlib/specs.md")
    with gitobjects.Blobs(repository.root / ".git") as blobs:
        assert blobs.read([blob, blob], limit=3) == [b"---", b"---"]
        blobs._process.kill()
        with pytest.raises(SourceError, match="git ended without a word"):
            blobs.read([blob])


def test_a_missing_git_is_named(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="git cannot be run"):
        open_repository(repository.root)


def test_no_process_outlives_a_reading(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    source = open_repository(repository.root)
    taken = inventory.take(source, inventory.Remembered())
    reading = source.documents([each.path for each in taken.snapshots["develop@2025-07-17"]])
    assert isinstance(next(reading), (Document, Reject))
    reading.close()
    commands = [process.args for process in started]
    assert sum("cat-file" in str(command) for command in commands) == 2
    assert all(process.poll() is not None for process in started)


def test_a_bare_repository_is_recognised_and_one_with_files_is_a_folder(
    repository: Repository, tmp_path: Path
) -> None:
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    assert isinstance(recognise(tmp_path / "bare.git"), Git)
    assert isinstance(recognise(repository.root), Directory)


def test_the_command_line_takes_the_options(
    repository: Repository, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    census = Census(dataset, capsys)
    ran = census(f"build --git {repository.root} --every commit --since 2025-07-23")
    assert ran.code == 0
    assert "3 snapshots" in ran.out
    assert "develop@2025-07-23T100000Z.2" in ran.err
    ran = census(f"build {repository.root} --rev HEAD~4 --path _cache/develop")
    assert ran.code == 0
    assert "develop@2025-07-17 " in ran.err
    ran = census(f"build {repository.root} --rev nosuch")
    assert (ran.code, ran.out) == (2, "")
    assert "has no commit 'nosuch'" in ran.err


def dated(repository: Repository, time: str) -> str:
    """Commit the tree of HEAD once more, with any time whatever; return the object id."""
    text = repository.git("cat-file", "commit", "HEAD")
    lines = [
        f"{line.rpartition('>')[0]}> {time} +0000" if line.startswith("committer ") else line
        for line in text.split("\n")
    ]
    path = repository.root.parent / "commit"
    path.write_text("\n".join(lines) + "\n")
    options = ("-t", "commit", "-w", "--literally")
    return repository.git("hash-object", *options, str(path))


@pytest.mark.parametrize(
    ("time", "named"),
    [
        ("253402300799", "9999-12-31"),
        ("0", "1970-01-01"),
        ("253402300800", None),
        ("18446744073709551615", None),
        ("18446744073709551616", None),
        ("-1", None),
        ("99999999999999999999999", None),
    ],
)
@pytest.mark.parametrize("every", Every)
def test_a_commit_of_any_date_is_named_or_an_error_names_it(
    repository: Repository, time: str, named: str | None, every: Every
) -> None:
    commit = dated(repository, time)
    with suppress(SourceError) if named is None else nullcontext():
        found = open_repository(repository.root, rev=commit, every=every)
        # What git takes for no date it may print as 0, or as the largest number there is.
        assert found.unnamed is not None
        assert named is None or found.unnamed == f"unnamed@{named}"


def test_dates_before_1970_and_in_early_years_are_written_in_full() -> None:
    found = states("develop", [(-62135596800, "a"), (-1, "b")], Every.DAY)
    assert [each.snapshot for each in found] == ["develop@0001-01-01", "develop@1969-12-31"]
    for seconds in (-62135596801, -(2**64), 2**64, 10**30):
        with pytest.raises(SourceError, match="commit abc has a date"):
            states("develop", [(seconds, "abc")], Every.DAY)
