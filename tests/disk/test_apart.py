"""Dataset, reports, explorer and what is fetched lie apart: each command says so at its start."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.disk import apart
from spack_census.errors import ParameterError
from spack_census.fetch import fetching
from support.command_line import Census
from support.documents_made import Spec, hash_of, write_document


@pytest.fixture
def census(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(tmp_path / "dataset", capsys)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return the folder above a source and a dataset of it."""
    for snapshot in ("develop-2025-01-05", "develop-2025-01-12"):
        write_document(tmp_path / "source", "zlib", snapshot, [Spec(hash=hash_of(snapshot))])
    sc.build(tmp_path / "source", tmp_path / "dataset")
    return tmp_path


def tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        ("a", "a", True),
        ("a", "a/b", True),
        ("a/b/c", "a", True),
        ("a", "x/../a", True),
        ("link", "a/b", True),
        ("a", "ab", False),
        ("a/b", "a/c", False),
        ("a", "b", False),
    ],
)
def test_equal_and_nested_folders_are_refused_whichever_comes_first(
    tmp_path: Path, one: str, other: str, *, refused: bool
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for first, second in permutations((one, other)):
        places = {"the dataset": tmp_path / first, "the reports": str(tmp_path / second)}
        if refused:
            with pytest.raises(ParameterError, match=r"the dataset.*the reports|the reports.*the"):
                apart.demand(places)
        else:
            apart.demand(places)


@pytest.mark.parametrize("place", ["", "reports", "versions/x", "../reports/dataset"])
@pytest.mark.parametrize("line", ["report -o {}", "site -o {} --reports {}-none"])
def test_pages_lie_apart_from_the_dataset(
    built: Path, census: Census, line: str, place: str
) -> None:
    dataset = built / "dataset"
    if place.startswith(".."):
        # Here the dataset lies in what is written.
        (built / "reports").mkdir()
        dataset = Path(dataset.rename(built / "reports" / "dataset"))
        output = built / "reports"
    else:
        output = dataset / place
    before = tree(built)
    ran = census(line.format(output, output), dataset=dataset)
    assert ran.code == 2
    assert "lies in that of" in ran.err or "are the same folder" in ran.err
    assert "give each a folder of its own" in ran.err
    assert tree(built) == before


def test_the_explorer_lies_apart_from_the_reports(built: Path, census: Census) -> None:
    output = built / "public"
    for reports in (output, output / "data", built):
        ran = census(f"site -o {output} --reports {reports}")
        assert ran.code == 2
        assert "the reports" in ran.err
        assert not output.exists()
    assert census(f"site -o {output / 'site'} --reports {output / 'reports'}").code == 0
    assert census(f"site -o {output / 'other'} --reports {output / 'other' / 'reports'}").code == 0


def test_what_is_fetched_lies_apart_from_the_dataset(census: Census) -> None:
    url = "https://localhost:1/mirror"
    cache = fetching.default_folder(url)
    for dataset in (cache, cache / "dataset", cache.parent):
        ran = census(f"build {url}", dataset=dataset)
        assert ran.code == 2
        assert "what is fetched" in ran.err
        assert not dataset.exists()


def test_a_source_in_the_dataset_is_refused_and_a_dataset_in_the_source_is_not(
    built: Path, census: Census
) -> None:
    before = tree(built / "dataset")
    for source in (built / "dataset", built / "dataset" / "versions"):
        ran = census(f"build {source}")
        assert ran.code == 2
        assert f"the source, {source}, lies in that of the dataset" in ran.err
    assert tree(built / "dataset") == before
    assert census(f"build {built}").code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dataset: out\nreports: out", "the dataset and the reports are the same folder"),
        ("dataset: out\nreports: out/reports", "the reports, "),
        ("dataset: out/dataset\nreports: out", "the dataset, "),
        ("dataset: source\nreports: out", "the source, "),
    ],
)
def test_a_run_says_so_before_it_does_anything(
    built: Path, census: Census, text: str, told: str
) -> None:
    config = built / "census.yaml"
    config.write_text(f"sources:\n- source: source\n{text}\n")
    before = tree(built)
    ran = census.bare(f"run {config}")
    assert ran.code == 2
    assert told in ran.err
    assert tree(built) == before


@pytest.mark.parametrize("to", ["data", "data/cache", "pages", "."])
def test_a_run_keeps_what_it_fetches_apart(built: Path, census: Census, to: str) -> None:
    config = built / "census.yaml"
    source = f"sources:\n- source: https://localhost:1/mirror\n  to: {to}\n"
    config.write_text(f"{source}dataset: data\nreports: pages\n")
    ran = census.bare(f"run {config}")
    assert ran.code == 2
    assert "the cache of https://localhost:1/mirror" in ran.err
    assert not (built / "data").exists()
    assert not (built / "pages").exists()
