"""Bytes of a snapshot: the parts add up, and agree with a plain sum of the rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import spack_census as sc
from support import mirrors

Reader = Callable[[Path, str], list[dict[str, Any]]]


def test_the_bytes_of_the_parts_add_up(tmp_path: Path, read_rows: Reader) -> None:
    for day, stack in (("2026-06-21", "spliced"), ("2026-06-28", None)):
        mirror = tmp_path / f"develop-{day}"
        mirrors.with_specs(mirror, mirrors.database(stack))
        sc.build(mirror, tmp_path / "dataset", from_specs=True, replace=True)
    rows = read_rows(tmp_path / "dataset", "specs")
    older = {row["hash"] for row in rows if row["snapshot"] == "develop-2026-06-21"}
    sizes = {row["hash"]: row["size_bytes"] for row in rows if row["snapshot"].endswith("28")}
    found = sc.query(tmp_path / "dataset", "coverage.sizes").pl().to_dicts()
    parts: dict[str, list[int]] = {}
    for row in found:
        sums = parts.setdefault(row["part"], [0, 0, 0])
        for place, column in enumerate(("num_specs", "size_bytes", "new_bytes")):
            sums[place] += row[column]
    new = sum(size for key, size in sizes.items() if key not in older)
    expected = [len(sizes), sum(sizes.values()), new]
    assert parts == {"all": expected, "target": expected, "package": expected}
    assert 0 < new < sum(sizes.values())
