"""What a package's changes owe to, and what hangs on it: as the queries of all packages say."""

from __future__ import annotations

from spack_census.ask import history, queries
from support.query_cases import in_memory

A, B = "develop-2024-06-02", "develop-2024-06-09"


def test_causes_and_radius_are_those_of_the_queries() -> None:
    def spec(snapshot: str, letter: str, package: str, version: str) -> dict[str, str]:
        return {"snapshot": snapshot, "hash": letter * 32, "package": package, "version": version}

    def edge(snapshot: str, letter: str, below: str) -> dict[str, str]:
        hashes = {"hash": letter * 32, "dependency_hash": below * 32}
        return {"snapshot": snapshot, "dependency": "lib", **hashes}

    tables = {
        "specs": [
            spec(A, "a", "app", "1"),
            spec(A, "b", "lib", "1"),
            spec(B, "c", "app", "1"),
            spec(B, "d", "lib", "2"),
        ],
        "dependencies": [edge(A, "a", "b"), edge(B, "c", "d")],
        "snapshots": [{"snapshot": A}, {"snapshot": B}],
    }
    with in_memory(tables) as con:
        assert history.causes(con, "app", [A, B]) == {B: ["lib version 1 → 2"]}
        rows = queries.run(con, queries.load("coverage.dependents"), {"snapshot": B})
        for package, _, specs, packages, *_ in rows.fetchall():
            assert history.radius(con, B, package) == (specs, packages)
        assert history.radius(con, B, "lib") == (2, 2)
    with in_memory({**tables, "dependencies": []}) as con:
        assert history.causes(con, "app", [A, B]) == {}
        assert history.radius(con, B, "lib") is None
