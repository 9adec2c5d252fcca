"""What a build asks git for: names, trees and the contents of blobs, nothing that runs code.

A repository may come from anywhere, so git gets no configuration but its own, no hooks, no
network, no prompt, and no argument that could be taken for an option.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple, Self

from spack_census.errors import SourceError

_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    # Someone else's repository is fine to read from: nothing of it is run.
    "safe.directory=*",
)
_OPTIONS = [argument for setting in _SETTINGS for argument in ("-c", setting)]
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    # A promised object that is missing would be fetched, by whatever command the repository names.
    # The setting protocol.allow=never would not do: the repository can set protocol.ext.allow.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
_CHUNK_BYTES = 1024 * 1024


class TreeItem(NamedTuple):
    """One file of a commit."""

    path: str
    """Bytes that are no UTF-8 stand as lone surrogates."""
    mode: str
    object_id: str
    size: int


def find(repository: Path) -> Path:
    """Return the git directory of a repository, bare or not; raises SourceError if it is none."""
    # Without a ceiling git would take a repository that merely lies around this folder.
    ceiling = {"GIT_CEILING_DIRECTORIES": str(repository.parent)}
    done = _done(["-C", str(repository), "rev-parse", "--absolute-git-dir"], ceiling)
    if done.returncode:
        message = f"{repository} is no git repository: {_said(done.stderr)}"
        raise SourceError(message, "name its top folder, or the bare repository itself")
    return Path(os.fsdecode(done.stdout).removesuffix("\n"))


def commit_of(git_dir: Path, rev: str) -> str:
    """Return the object id of the commit that a revision names; raises SourceError if none."""
    name = f"{rev}^{{commit}}"
    options = ["--verify", "--end-of-options"]
    done = _done([f"--git-dir={git_dir}", "rev-parse", *options, name], {})
    if done.returncode:
        message = f"{git_dir} has no commit {rev!r}: {_said(done.stderr)}"
        raise SourceError(message, "name a branch, tag or commit; see: git log --oneline --all")
    return done.stdout.decode().strip()


def committed(git_dir: Path, commit: str) -> int:
    """Return when a commit was made: the committer's time in seconds since 1970, UTC."""
    options = ["--max-count=1", "--timestamp", "--end-of-options"]
    return int(run(git_dir, "rev-list", *options, commit).split()[0])


def is_folder(git_dir: Path, commit: str, path: str) -> bool:
    """Tell whether a commit has a folder of this path."""
    return bool(run(git_dir, "ls-tree", "-d", "--full-tree", commit, "--", path))


def commits(git_dir: Path, commit: str, folder: str) -> list[tuple[int, str]]:
    """Return (committer's time in seconds, object id) of the commits that changed a folder.

    Oldest first, along the line of first parents: what was published, not how it was prepared.
    """
    paths = [folder] if folder else []
    # rev-list and not log: log could be told by the repository to run programs.
    options = ["--first-parent", "--timestamp", "--reverse", "--end-of-options"]
    lines = run(git_dir, "rev-list", *options, commit, "--", *paths).decode().splitlines()
    pairs = (line.split() for line in lines)
    return [(int(seconds), object_id) for seconds, object_id in pairs]


def files(git_dir: Path, commit: str, folder: str) -> list[TreeItem]:
    """Return the files below a folder of a commit, in git's order; none if there is no folder."""
    paths = [folder] if folder else []
    options = ["-r", "-z", "-l", "--full-tree"]
    listing = run(git_dir, "ls-tree", *options, commit, "--", *paths)
    return [_item(git_dir, line) for line in listing.split(b"\0")[:-1]]


def _item(git_dir: Path, line: bytes) -> TreeItem:
    attributes, _, path = line.partition(b"\t")
    mode, _, object_id, size = attributes.decode().split()
    if size == "-":  # a submodule
        return TreeItem(os.fsdecode(path), mode, object_id, 0)
    # git says BAD, and goes on, where the object cannot be read.
    if not size.isdigit():
        raise _lacks(git_dir, object_id)
    return TreeItem(os.fsdecode(path), mode, object_id, int(size))


def run(git_dir: Path, *arguments: str) -> bytes:
    """Return what a git command prints; raises SourceError with git's message."""
    done = _done([f"--git-dir={git_dir}", *arguments], {})
    if done.returncode:
        raise _failed(git_dir, done.stderr)
    return done.stdout


def _done(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    command, clean = ["git", *_OPTIONS, *arguments], _environment() | environment
    try:
        return subprocess.run(command, env=clean, capture_output=True, check=False)  # noqa: S603 - arguments are fixed or checked
    except OSError as error:
        raise _missing(error) from error


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | _ENVIRONMENT


def _missing(error: OSError) -> SourceError:
    message = f"git cannot be run: {error.strerror}"
    return SourceError(message, "install git, or build from a folder or an archive")


def _failed(place: Path, stderr: bytes) -> SourceError:
    return SourceError(f"{place}: {_said(stderr)}", "look into it with git itself: git fsck")


def _lacks(git_dir: Path, object_id: str) -> SourceError:
    message = f"{git_dir} lacks the object {object_id}, or it is damaged"
    return SourceError(message, "if it is a partial clone, make a full one; else see: git fsck")


def _said(stderr: bytes) -> str:
    return stderr.decode(errors="replace").strip() or "git ended without a word"


class Blobs:
    """The contents of blobs, through one `git cat-file --batch`; use it in a `with`."""

    WINDOW = 256
    """How many blobs may be asked for at once: their names must fit into a pipe."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        command = ["git", *_OPTIONS, f"--git-dir={git_dir}", "cat-file", "--batch"]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - arguments are fixed
                command,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
            )
        except OSError as error:
            self._stderr.close()
            raise _missing(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # It only reads, and what it has not delivered nobody wants.
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def read(self, object_ids: Sequence[str], limit: int | None = None) -> list[bytes]:
        """Return the contents of at most WINDOW blobs, or the first `limit` bytes of each.

        Raises SourceError if one is missing.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write("".join(f"{object_id}\n" for object_id in object_ids).encode())
            stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return [self._next(stdout, object_id, limit) for object_id in object_ids]

    def _next(self, stdout: IO[bytes], object_id: str, limit: int | None) -> bytes:
        answer = stdout.readline().split()
        if not answer:
            raise self._ended()
        if len(answer) != 3:
            raise _lacks(self._git_dir, object_id)
        size = int(answer[2])
        wanted = size if limit is None else min(size, limit)
        data = stdout.read(wanted)
        # A line feed follows each.
        left = size + 1 - wanted
        while left and (chunk := stdout.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
        if left:
            raise self._ended()
        return data

    def _ended(self) -> SourceError:
        self._process.wait()
        self._stderr.seek(0)
        return _failed(self._git_dir, self._stderr.read())
