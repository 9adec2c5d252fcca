"""The history of a job that starts anew each time: dataset and reports on a branch of their own.

census-data       a commit for each run that changed something: dataset/, reports/
census-deployed   the commit of it that was served last; whoever has served one moves it there

What a CI job keeps in a cache is dropped one day, and no source can give it again. A push that is
no fast-forward is refused by git, so that of two jobs one is told; a dataset that has lost
snapshots is refused here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from spack_census.dataset.layout import pin
from spack_census.errors import CensusError, RefusedError
from spack_census.fetch import addresses

BRANCH = "census-data"
DEPLOYED = "census-deployed"
_LOSS = 0.1
_SECONDS = 1800
_AUTHOR = ("spack-census", "spack-census@localhost")
_NOT_KEPT = (":!LOCK", ":!.drafts", ":!.run/LOCK", ":!.run/history.git")


class _Snapshot(msgspec.Struct):
    num_documents: int = 0
    num_specs: int = 0


class _Manifest(msgspec.Struct):
    """What every format of a dataset says of its snapshots."""

    id: str
    snapshots: dict[str, _Snapshot]


@dataclass(slots=True)
class History:
    """A branch of a repository, and the folders that it keeps."""

    remote: str
    """Where the repository is, as `git push` takes it."""
    dataset: Path
    reports: Path
    allow_poorer: bool = False
    head: str | None = field(default=None, init=False)
    """The commit that the branch is at, None where there is no branch yet."""

    def restore(self) -> str | None:
        """Bring back what is not here; return the commit, None for the first run of all.

        Raises CensusError where the repository cannot be reached: to go on without a history
        would begin another one.
        """
        if "://" in self.remote:
            addresses.checked(self.remote)
        self.head = self._listed(BRANCH)
        if self.head is None:
            return None
        self._git_dir.mkdir(parents=True, exist_ok=True)
        self._git("init", "--quiet", "--bare", str(self._git_dir))
        self._git("fetch", "--quiet", "--depth=1", "--no-tags", self.remote, self.head)
        self._check_out("reports", self.reports)
        if not (self.dataset / "current").is_symlink():
            self._check_out("dataset", self.dataset)
        elif lost := _lost(self._kept_manifest(), _manifest(self.dataset)):
            message = f"{self.dataset} has less than its history in {self._shown}"
            raise RefusedError(message, *lost, "move it away, and the next run brings all back")
        return self.head

    def keep(self) -> bool:
        """Commit and push what is here; return whether anything had changed.

        Raises RefusedError where the dataset has lost snapshots, or more than a tenth of one;
        CensusError where the push fails, as it does where another job pushed meanwhile.
        """
        version = pin(self.dataset)
        if self.head is not None and not self.allow_poorer:
            lost = _lost(self._kept_manifest(), _manifest(self.dataset))
            if lost:
                message = f"the dataset has less than its history in {self._shown}"
                raise RefusedError(message, *lost, "if that is meant: --allow-poorer")
        self._git_dir.mkdir(parents=True, exist_ok=True)
        self._git("init", "--quiet", "--bare", str(self._git_dir))
        inside = version.relative_to(self.dataset.resolve()).as_posix()
        trees = {
            "dataset": self._tree(self.dataset.resolve(), ["current", inside]),
            "reports": self._tree(self.reports.resolve(), [".", *_NOT_KEPT]),
        }
        lines = "".join(f"040000 tree {tree}\t{name}\n" for name, tree in trees.items())
        tree = self._git("mktree", text=lines)
        if self.head is not None and tree == self._git("rev-parse", f"{self.head}^{{tree}}"):
            return False
        parents = ["-p", self.head] if self.head else []
        message = f"Dataset {version.name}"
        commit = self._git("commit-tree", *parents, "-m", message, tree)
        self._git("push", "--quiet", self.remote, f"{commit}:refs/heads/{BRANCH}")
        self.head = commit
        return True

    def is_due(self) -> bool:
        """Tell whether what is kept is still to be served, for it is new or serving it failed."""
        return self.head is not None and self._listed(DEPLOYED) != self.head

    @property
    def _git_dir(self) -> Path:
        return self.reports / ".run" / "history.git"

    @property
    def _shown(self) -> str:
        return f"{addresses.shown(self.remote)} {BRANCH}"

    def _listed(self, branch: str) -> str | None:
        ref = f"refs/heads/{branch}"
        answer = self._git("ls-remote", "--refs", self.remote, ref, anywhere=True)
        return answer.partition("\t")[0] or None

    def _kept_manifest(self) -> _Manifest:
        version = self._git("cat-file", "blob", f"{self.head}:dataset/current")
        data = self._git("cat-file", "blob", f"{self.head}:dataset/{version}/manifest.json")
        return msgspec.json.decode(data, type=_Manifest)

    def _check_out(self, name: str, folder: Path) -> None:
        """Bring back the files of a folder that are not there; what makes them count comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        self._git("read-tree", f"{self.head}:{name}", folder=folder)
        paths = self._git("ls-files", "-z", folder=folder).split("\0")
        last = [path for path in paths if path == "current"]
        for some in ([path for path in paths if path and path not in last], last):
            text = "".join(f"{path}\0" for path in some)
            self._git("checkout-index", "--quiet", "-z", "--stdin", text=text, folder=folder)

    def _tree(self, folder: Path, paths: Sequence[str]) -> str:
        self._git("read-tree", "--empty", folder=folder)
        self._git("add", "--all", "--force", "--", *paths, folder=folder)
        return self._git("write-tree", folder=folder)

    def _git(
        self, *arguments: str, text: str = "", folder: Path | None = None, anywhere: bool = False
    ) -> str:
        """Return what git prints; raises CensusError with what it says where it fails."""
        places = [] if anywhere else [f"--git-dir={self._git_dir.resolve()}"]
        places += [f"--work-tree={folder.resolve()}"] if folder else []
        options = ["-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null"]
        try:
            done = subprocess.run(  # noqa: S603 - arguments are fixed, or the user's own
                ["git", *options, *places, *arguments],  # noqa: S607 - git as the user has it
                input=text,
                capture_output=True,
                text=True,
                cwd=folder,
                env={**os.environ, **_environment()},
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"git {arguments[0]}: {addresses.without_secrets(str(error))[:300]}"
            raise CensusError(message, "see whether git can reach the repository") from error
        # Quietness is its way to say that a path is there already.
        if done.returncode and arguments[0] != "checkout-index":
            said = addresses.without_secrets(done.stderr.strip() or "it ended without a word")
            message = f"{self._shown}: git {arguments[0]}: {said}"
            raise CensusError(message, "nothing is lost: mend that, and run it again")
        return done.stdout.removesuffix("\n")


def _environment() -> dict[str, str]:
    name, mail = _AUTHOR
    people = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", mail))
    }
    return {**people, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _manifest(dataset: Path) -> _Manifest:
    return msgspec.json.decode((pin(dataset) / "manifest.json").read_bytes(), type=_Manifest)


def _lost(before: _Manifest, after: _Manifest) -> list[str]:
    """Return what a dataset has no longer, a line each: snapshots, or more than a tenth of one."""
    lines = []
    for name, had in before.snapshots.items():
        has = after.snapshots.get(name)
        if has is None:
            lines.append(f"{name} is gone, with {had.num_specs:,} specs")
        elif has.num_specs < (1 - _LOSS) * had.num_specs:
            lines.append(f"{name}: {has.num_specs:,} specs instead of {had.num_specs:,}")
        elif has.num_documents < (1 - _LOSS) * had.num_documents:
            documents = f"{has.num_documents:,} documents instead of {had.num_documents:,}"
            lines.append(f"{name}: {documents}")
    return lines[:5] + ([f"and {len(lines) - 5:,} more"] if len(lines) > 5 else [])
