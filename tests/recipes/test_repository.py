"""Package repositories: which is read, from files or git, and that each file is accounted for."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.errors import SourceError
from spack_census.recipes.repository import Recipes, read_recipes
from support.examples import share
from support.recipes_made import V1, V2, recipe, write_repository
from support.repositories import init

ZLIB = recipe("Zlib", 'version("1.3")\nversion(x)')
NUMPY = recipe("PyNumpy", 'version("2.0")\nlicense("BSD-3-Clause")')
BROKEN = "class Broken(:"


def seen(found: Recipes) -> dict[str, str]:
    """Return path of each file → its package, or why it is none."""
    read = {each.path: each.package for each in found.recipes}
    return read | {each.path: each.reason for each in found.rejects}


def test_a_package_repository_of_today(tmp_path: Path) -> None:
    recipes = {"zlib": ZLIB, "py_numpy": NUMPY, "_7zip": recipe("_7zip", ""), "broken": BROKEN}
    found = read_recipes(write_repository(tmp_path, recipes))
    at = f"{V2}/packages"
    assert seen(found) == {
        f"{at}/_7zip/package.py": "7zip",
        f"{at}/broken/package.py": "bad-python",
        f"{at}/py_numpy/package.py": "py-numpy",
        f"{at}/zlib/package.py": "zlib",
    }
    assert (found.namespace, found.num_seen) == ("builtin", 4)
    assert (found.source, found.revision_date) == ("directory", None)
    assert [each.num_unread for each in found.recipes] == [0, 0, 1]


@pytest.mark.parametrize("api", ["v1.0", None])
def test_a_package_repository_as_it_was_within_spack(tmp_path: Path, api: str | None) -> None:
    recipes = {
        "zlib": ZLIB,
        "py-numpy": NUMPY,
        "7zip": recipe("_7zip", ""),
        "a_b": recipe("AB", ""),
    }
    found = read_recipes(write_repository(tmp_path, recipes, at=V1, api=api))
    assert [each.package for each in found.recipes] == ["7zip", "a_b", "py-numpy", "zlib"]
    assert not found.rejects


def test_the_folder_of_a_package_repository_itself(tmp_path: Path) -> None:
    write_repository(tmp_path, {"zlib": ZLIB}, at=".", namespace="site")
    found = read_recipes(tmp_path)
    assert (found.namespace, seen(found)) == ("site", {"packages/zlib/package.py": "zlib"})


def test_builtin_is_taken_of_several_unless_another_is_named(tmp_path: Path) -> None:
    write_repository(tmp_path, {"zlib": ZLIB})
    write_repository(tmp_path, {"mock": recipe("Mock", "")}, at="tests/mock", namespace="mock")
    assert read_recipes(tmp_path).namespace == "builtin"
    assert read_recipes(tmp_path, folder="tests/mock/").namespace == "mock"
    with pytest.raises(SourceError, match=r"none in 'nowhere': repos/spack_repo/builtin/, tests"):
        read_recipes(tmp_path, folder="nowhere")
    write_repository(tmp_path, {"zlib": ZLIB}, at="other/builtin")
    with pytest.raises(SourceError, match="several package repositories"):
        read_recipes(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("repo: {api: v2.0}", "it names no namespace"),
        ("repo: {namespace: ../x}", "it names no namespace"),
        ("repo: {namespace: a, api: v9.0}", "the API 'v9.0'"),
        ("repo: {namespace: a, api: [1]}", "the API"),
        ("[]", "it names no namespace"),
        ("{", "line 2: did not find"),
        ("a: &a [*a]", "alias"),
    ],
)
def test_a_package_repository_that_does_not_say_what_it_is(
    tmp_path: Path, text: str, message: str
) -> None:
    write_repository(tmp_path, {"zlib": ZLIB})
    (tmp_path / V2 / "repo.yaml").write_text(text)
    with pytest.raises(SourceError, match=message):
        read_recipes(tmp_path)


def test_where_there_are_no_recipes(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no package repository of Spack is there"):
        read_recipes(tmp_path)
    with pytest.raises(SourceError, match="is no folder"):
        read_recipes(tmp_path / "nothing")


def test_links_and_special_files_are_rejected_and_not_followed(tmp_path: Path) -> None:
    root = write_repository(tmp_path / "repo", {"zlib": ZLIB, "a": "", "b": "", "d": ""})
    outside = write_repository(tmp_path / "outside", {"c": recipe("C", "")})
    packages = root / V2 / "packages"
    (packages / "a" / "package.py").unlink()
    (packages / "a" / "package.py").symlink_to(packages / "zlib" / "package.py")
    (packages / "b" / "package.py").unlink()
    os.mkfifo(packages / "b" / "package.py")
    (packages / "c").symlink_to(outside / V2 / "packages" / "c")
    (packages / "d" / "package.py").unlink()
    (packages / "d" / "package.py").mkdir()
    (packages / os.fsdecode(b"\xff")).mkdir()
    (packages / os.fsdecode(b"\xff") / "package.py").write_text(ZLIB)
    found = seen(read_recipes(root))
    assert {path.split("/")[4]: reason for path, reason in found.items()} == {
        "\\xff": "unsafe-name",
        "a": "not-regular-file",
        "b": "not-regular-file",
        "c": "not-regular-file",
        "zlib": "zlib",
    }


def test_two_folders_of_one_package(tmp_path: Path) -> None:
    found = read_recipes(
        write_repository(tmp_path, {"_import": recipe("Import", ""), "import": ""})
    )
    assert Counter(seen(found).values()) == {"import": 1, "same-package": 1}


def test_a_commit_is_read_without_a_checkout(tmp_path: Path) -> None:
    repository = init(tmp_path / "repo")
    write_repository(repository.root, {"zlib": ZLIB, "py_numpy": NUMPY, "broken": BROKEN})
    (repository.root / V2 / "packages" / "linked").symlink_to("zlib")
    first = repository.commit("2025-03-01T23:30:00Z")
    by_files = read_recipes(repository.root)
    by_commit = read_recipes(repository.root, rev="HEAD")
    assert by_commit.recipes == by_files.recipes
    assert {each.path: each.reason for each in by_commit.rejects} == {
        each.path: each.reason for each in by_files.rejects
    }
    assert (by_commit.source, by_commit.revision) == ("git", first)
    assert by_commit.revision_date == date(2025, 3, 1)
    # What lies there now is another thing, and a bare repository is read as committed.
    write_repository(repository.root, {"zlib": recipe("Zlib", 'version("9")')})
    assert read_recipes(repository.root, rev=first).recipes == by_commit.recipes
    assert read_recipes(repository.root).recipes != by_commit.recipes
    bare = tmp_path / "bare"
    repository.git("clone", "--bare", "--quiet", str(repository.root), str(bare))
    assert read_recipes(bare) == by_commit
    with pytest.raises(SourceError, match="has no commit 'nothing'"):
        read_recipes(repository.root, rev="nothing")


def test_a_repository_runs_nothing_of_its_own(tmp_path: Path) -> None:
    """A filter, a hook and a monitor that would each leave a file."""
    repository = init(tmp_path / "repo")
    mark = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    text = recipe("Zlib", f'open("{mark}", "w")\nversion("1")', head=f'open("{mark}", "w")')
    write_repository(repository.root, {"zlib": text})
    (repository.root / ".gitattributes").write_text("*.py filter=x diff=x\n")
    commit = repository.commit("2025-03-01T00:00:00Z")
    for key in ("filter.x.smudge", "diff.x.textconv", "core.fsmonitor", "core.sshCommand"):
        repository.git("config", key, str(script))
    for found in (read_recipes(repository.root, rev=commit), read_recipes(repository.root)):
        assert [each.version for each in found.recipes[0].versions] == ["1"]
    assert not mark.exists()


NAMES = st.sampled_from(["zlib", "py_numpy", "_7zip", "broken", "B", "a-b", "a b", "é", "_zlib"])
TEXTS = st.sampled_from([ZLIB, NUMPY, BROKEN, "", "\0", recipe("B", "")])


@given(st.dictionaries(NAMES, TEXTS, min_size=1))
@share(0.3)
def test_files_seen_are_recipes_and_rejects(
    tmp_path_factory: pytest.TempPathFactory, recipes: dict[str, str]
) -> None:
    root = tmp_path_factory.mktemp("law")
    found = read_recipes(write_repository(root, recipes))
    assert found.num_seen == len(recipes) == len(found.recipes) + len(found.rejects)
    assert set(seen(found)) == {f"{V2}/packages/{name}/package.py" for name in recipes}
    packages = [each.package for each in found.recipes]
    assert len(packages) == len(set(packages))
