"""What a mirror holds by stack and by age, against a count in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spack_census as sc
from spack_census.ask.mirrored import By, held
from spack_census.errors import UnknownNameError
from support.documents_made import Spec, write_document
from support.examples import share

Reader = Callable[[Path, str], list[dict[str, Any]]]
SNAPSHOTS = ("develop-2025-01-05", "develop-2025-01-12", "develop-2025-01-19", "v1.0.0")
HASHES = [letter * 32 for letter in "abcdefgh"]
STACKS = {"a": ["e4s"], "b": ["e4s", "hep"], "c": [], "d": ["hep"], "e": ["tools"], "f": ["e4s"]}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held")
    for number, name in enumerate(SNAPSHOTS):
        letters = "abcdef"[number : number + 3]
        specs = [Spec(hash=letter * 32, stacks=STACKS[letter]) for letter in letters]
        write_document(folder / "source", "zlib", name, specs)
    sc.build(folder / "source", folder / "dataset")
    return folder / "dataset"


@pytest.fixture(scope="module")
def rows(dataset: Path, read_rows: Reader) -> list[dict[str, Any]]:
    return read_rows(dataset, "specs")


@pytest.fixture(scope="module")
def con(dataset: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with sc.connect(dataset) as connection:
        yield connection


def counted(rows: list[dict[str, Any]], spec_bytes: dict[str, int], series: str) -> dict[By, Any]:
    """Return name → (specs, bytes), by going through the rows one by one."""
    ages: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    stacks: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    order = {name: ("v" not in name[:1], name) for name in SNAPSHOTS}
    for key, size in spec_bytes.items():
        found = [row for row in rows if row["hash"] == key]
        chosen = [row for row in found if row["snapshot"].startswith("v") == (series == "release")]
        last = max(chosen or found, key=lambda row: order[row["snapshot"]], default=None)
        age = "(no snapshot)" if last is None else last["snapshot"]
        if last is not None and not chosen:
            age = "(another series)"
        for name in (last and last["stacks"]) or ["(no stack)"]:
            stacks[name][0] += 1
            stacks[name][1] += size
        ages[age][0] += 1
        ages[age][1] += size
    return {By.AGE: dict(ages), By.STACK: dict(stacks)}


@pytest.mark.parametrize("series", [None, "release"])
@share(0.12)
@given(spec_bytes=st.dictionaries(st.sampled_from(HASHES), st.integers(0, 2**40)), rest=...)
def test_by_stack_and_by_age(
    con: duckdb.DuckDBPyConnection,
    rows: list[dict[str, Any]],
    series: str | None,
    spec_bytes: dict[str, int],
    rest: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    num_bytes = sum(spec_bytes.values()) + 7 * rest
    wanted = counted(rows, spec_bytes, series or "develop-dated")
    found = {by: held(con, spec_bytes, num_bytes, by, series).fetchall() for by in By}
    for by in By:
        *named, last = found[by]
        assert last == ("(of no spec)", 0, 7 * rest)
        assert {name: [count, size] for name, count, size in named} == wanted[by]
    ages = found[By.AGE]
    assert sum(size for _, _, size in ages) == num_bytes
    assert sum(count for _, count, _ in ages) == len(spec_bytes)
    listed = [name for name, _, _ in ages if not name.startswith("(")]
    assert listed == [name for name in SNAPSHOTS if name in listed], "oldest first"


def test_an_unknown_series(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UnknownNameError, match="series 'weekly'"):
        held(con, {}, 0, By.AGE, "weekly")
