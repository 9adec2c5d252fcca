"""Eight weeks of a job that starts anew each time, with a failed deployment and a bad week."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from spack_census.cli import main
from spack_census.dataset.layout import pin
from spack_census.dataset.verify import verify
from spack_census.errors import CensusError
from spack_census.schedule.history import BRANCH, DEPLOYED, History
from support.command_line import Ran
from support.report_folders import state

CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache" / "v2"
INDEX = CORPUS / "develop-2024-06-09/build_systems/build_cache/index.json.gz"
START = date(2024, 7, 7)
SERVED = 2
"""How many snapshots the source still has: whatever is older is in the history alone."""


def git(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class Job:
    """A source, a repository, and a machine that forgets everything from week to week."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder, self.capsys, self.monkeypatch = folder, capsys, monkeypatch
        self.repository = folder / "repository.git"
        self.served: list[str] = []
        self.deployed: list[str] = []
        git("init", "--quiet", "--bare", str(self.repository), folder=folder)
        self.index = json.loads(gzip.decompress(INDEX.read_bytes()))

    @property
    def machine(self) -> Path:
        return self.folder / "machine"

    def grow(self, week: int, *, empty: bool = False) -> str:
        """Put this week's snapshot into the source, and take the oldest out of it."""
        name = f"develop-{START + timedelta(weeks=week)}"
        whole = self.index["database"]
        installs = dict(list(whole["installs"].items())[week:])
        index = {"database": {**whole, "installs": {} if empty else installs}}
        path = self.folder / "source" / name / "build_cache/index.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(index))
        self.served = [*self.served, name][-SERVED:]
        url = "s3://spack-binaries/{}/build_cache/index.json"
        listed = {each: [{"label": "root", "url": url.format(each)}] for each in self.served}
        (self.folder / "source" / "cache_spack_io_index.json").write_text(json.dumps(listed))
        return name

    def run(self, *options: str) -> Ran:
        """Run the job on a machine that has nothing but the configuration."""
        shutil.rmtree(self.machine, ignore_errors=True)
        return self.go_on(*options)

    def go_on(self, *options: str) -> Ran:
        """Run the job on the machine as it is."""
        self.machine.mkdir(exist_ok=True)
        content = {"sources": ["../source"], "dataset": "dataset", "reports": "reports"}
        (self.machine / "census.yaml").write_text(yaml.safe_dump(content))
        output = self.folder / "github"
        output.write_text("")
        self.monkeypatch.setenv("GITHUB_OUTPUT", str(output))
        self.monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(self.folder / "summary"))
        history = ["--history", str(self.repository), "--github", *options]
        code = main(["run", str(self.machine / "census.yaml"), *history])
        return Ran(code, *self.capsys.readouterr())

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "github").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def deploy(self) -> None:
        """Do what the workflow does when the pages were served: move the mark."""
        commit = self.outputs["commit"]
        git("push", "--quiet", ".", f"{commit}:refs/heads/{DEPLOYED}", folder=self.repository)
        self.deployed.append(commit)

    @property
    def snapshots(self) -> set[str]:
        manifest = json.loads((pin(self.machine / "dataset") / "manifest.json").read_text())
        return set(manifest["snapshots"])


@pytest.fixture
def job(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, capsys, monkeypatch)


def test_eight_weeks_lose_nothing(job: Job) -> None:
    names = []
    for week in range(8):
        is_empty = week == 4
        name = job.grow(week, empty=is_empty)
        ran = job.run()
        assert "fault of census" not in ran.err
        names += [] if is_empty else [name]
        # The machine knew nothing and the source has two snapshots: the others came back.
        assert job.snapshots == set(names), ran.err
        assert verify(job.machine / "dataset").findings == ()
        assert ran.code == (0 if week in (0, 4) else 1), ran.err
        assert job.outputs["due"] == ("false" if is_empty else "true")
        if week != 2 and job.outputs["due"] == "true":  # in week 2 the deployment fails
            job.deploy()
        if week == 2:
            again = job.run()
            assert (again.code, job.outputs["due"]) == (0, "true"), "it is still to be served"
    reports = [path.name for path in sorted((job.machine / "reports").glob("*..*"))]
    assert len(reports) == 6
    log = git("log", "--format=%s", BRANCH, folder=job.repository).splitlines()
    assert len(log) == 7
    assert job.run().code == 0
    assert job.outputs["due"] == "false"
    assert len(git("log", "--format=%s", BRANCH, folder=job.repository).splitlines()) == 7


def test_what_comes_back_is_what_was_kept(job: Job) -> None:
    for week in range(3):
        job.grow(week)
        job.run()
    version = pin(job.machine / "dataset")
    before = {path.name: path.read_bytes() for path in version.rglob("*") if path.is_file()}
    reports = state(job.machine / "reports")
    job.run()
    version = pin(job.machine / "dataset")
    assert {p.name: p.read_bytes() for p in version.rglob("*") if p.is_file()} == before
    assert {path for path in state(job.machine / "reports") if ".." in str(path)} == {
        path for path in reports if ".." in str(path)
    }


def test_a_poorer_dataset_is_not_kept(job: Job) -> None:
    for week in range(3):
        job.grow(week)
        job.run()
    head = git("rev-parse", BRANCH, folder=job.repository)
    # Someone built anew from what the source still has.
    job.monkeypatch.setattr(History, "_check_out", lambda *_: None)
    ran = job.run()
    assert ran.code == 2
    assert "develop-2024-07-07 is gone, with 68 specs" in ran.err
    assert "--allow-poorer" in ran.err
    assert git("rev-parse", BRANCH, folder=job.repository) == head
    assert job.outputs["due"] == "false"
    assert job.run("--allow-poorer").code == 1
    assert git("rev-parse", BRANCH, folder=job.repository) != head


def test_a_machine_that_has_less_than_the_history_says_so(job: Job) -> None:
    for week in range(3):
        job.grow(week)
        job.run()
    shutil.rmtree(job.machine / "dataset")
    main(["build", str(job.folder / "source"), "--dataset", str(job.machine / "dataset")])
    job.capsys.readouterr()
    ran = job.go_on()
    assert ran.code == 2
    assert "has less than its history" in ran.err
    assert "move it away" in ran.err


def test_a_history_that_cannot_be_reached_begins_no_other(job: Job) -> None:
    job.grow(0)
    job.run()
    job.repository.rename(job.folder / "elsewhere.git")
    ran = job.run()
    assert ran.code == 2
    assert "git ls-remote" in ran.err
    assert not (job.machine / "dataset").exists()


def test_of_two_jobs_one_is_told(job: Job) -> None:
    job.grow(0)
    job.run()
    keep = History.keep

    def keep_late(history: History) -> bool:
        other = git(
            *("-c", "user.name=x", "-c", "user.email=x@localhost", "commit-tree"),
            *("-p", BRANCH, "-m", "another", f"{BRANCH}^{{tree}}"),
            folder=job.repository,
        )
        git("update-ref", f"refs/heads/{BRANCH}", other, folder=job.repository)
        return keep(history)

    job.grow(1)
    with job.monkeypatch.context() as patch:
        patch.setattr(History, "keep", keep_late)
        ran = job.run()
    assert ran.code == 2
    assert "git push" in ran.err
    assert "run it again" in ran.err
    assert job.run().code == 1
    assert len(job.snapshots) == 2


def test_a_password_in_the_repository_is_refused(tmp_path: Path) -> None:
    history = History("https://me:secret@example.org/x.git", tmp_path / "a", tmp_path / "b")
    with pytest.raises(CensusError, match="password") as caught:
        history.restore()
    assert "secret" not in str(caught.value)
