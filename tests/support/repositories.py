"""Git repositories that tests make, the same wherever they are made."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.documents_made import Spec, document, hash_of

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


@dataclass(frozen=True)
class Repository:
    """A repository with a work tree."""

    root: Path

    def git(self, *arguments: str, date: str = "2025-01-01T00:00:00Z") -> str:
        """Run git there at this time and return what it prints."""
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=_ENVIRONMENT | dates,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, date: str) -> str:
        """Commit whatever lies in the work tree; return the object id."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", "x", date=date)
        return self.git("rev-parse", "HEAD")

    def write(self, snapshot: str, package: str, version: str, at: str | None = None) -> Path:
        """Write a document with one spec below `_cache`; `at` is a folder to put it into."""
        path = self.root / "_cache" / (at or snapshot) / package / "specs.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        spec = Spec(version=version, hash=hash_of((package, version)))
        path.write_text(document(package, snapshot, [spec]))
        return path


def init(root: Path) -> Repository:
    """Make an empty repository."""
    root.mkdir(parents=True)
    repository = Repository(root)
    repository.git("init", "--quiet", "--initial-branch=main")
    return repository
