"""What a release is made of: notes that fit the tag, a whole sdist, jobs that may do little."""

from __future__ import annotations

import importlib.util
import re
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import spack_census as sc

ROOT = Path(__file__).parents[1]


def script() -> ModuleType:
    place = ROOT / ".github" / "release_notes.py"
    spec = importlib.util.spec_from_file_location("release_notes", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGELOG = "# C\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-25\n\n- one\n\n## [1.1.0]\n\n- old\n"


def test_the_notes_are_those_of_the_tag() -> None:
    assert script().notes("v1.2.0", "1.2.0", CHANGELOG) == "- one\n"
    for tag, version, told in (
        ("v1.3.0", "1.2.0", "the tag is v1.3.0"),
        ("v1.3.0", "1.3.0", "has no section 1.3.0"),
        ("v1.1.0", "1.1.0", "needs a date"),
        ("1.2.0", "1.2.0", "the tag is 1.2.0"),
    ):
        with pytest.raises(ValueError, match=re.escape(told)):
            script().notes(tag, version, CHANGELOG)


def test_this_version_could_be_released() -> None:
    notes = script().notes(
        f"v{sc.__version__}", sc.__version__, (ROOT / "CHANGELOG.md").read_text()
    )
    assert notes.count("\n- ") > 20


def test_each_job_may_do_what_it_must_and_no_more() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["build"]["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["publish"]["environment"] == "release"
    assert workflow["jobs"]["publish"]["permissions"]["id-token"] == "write"
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", action), action
    assert "password" not in text


def test_the_sdist_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hatchling = pytest.importorskip("hatchling.build")
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / hatchling.build_sdist(str(tmp_path))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for place in ("queries/diff/changes.sql", "documents/py-mpi4py.md", "pyproject.toml"):
        assert place in names
    for place in ("README.md", "CHANGELOG.md", "Makefile", "constraints.txt", "CITATION.cff"):
        assert place in names
    # The sample builds, docs and tests are there: who packages it for a distribution runs them.
    for folder in ("documents/_cache/", "docs/", "tests/ask/", "deploy/", "pipeline/spack_census/"):
        assert any(name.startswith(folder) for name in names), folder
    assert not [name for name in names if name.startswith(("output/dataset", ".venv", ".git/"))]
