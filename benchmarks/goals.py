"""What a run has to show: each goal with what was measured and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from measure import exponent

Results = dict[str, Any]


class Goal(NamedTuple):
    """One line of the table: `measured` raises KeyError where a run did not look."""

    what: str
    limit: float
    unit: str
    measured: Callable[[Results], float]
    is_least: bool = False
    """Whether the limit is the least that is good; else it is the most."""


class Verdict(NamedTuple):
    """A goal and how a run stands to it."""

    goal: Goal
    value: float

    @property
    def reached(self) -> bool:
        """Whether the goal is met."""
        if self.goal.is_least:
            return self.value >= self.goal.limit
        return self.value <= self.goal.limit


def _faster(what: str, limit: float, size: str, peer: str) -> Goal:
    return Goal(f"{what} ÷ cold build, {size}", limit, "×", _ratio(size, peer), is_least=True)


def _ratio(size: str, peer: str) -> Callable[[Results], float]:
    """Return the CPU time of a peer over ours: how many times as fast we are."""

    def measured(results: Results) -> float:
        costs = results["sizes"][size]["conversions"]
        return float(costs[peer]["cpu_seconds"] / costs["census"]["cpu_seconds"])

    return measured


def _two_workers(results: Results) -> float:
    costs = results["sizes"]["M"]["conversions"]
    return float(costs["census"]["wall_seconds"] / costs["census_two"]["wall_seconds"])


def _build(size: str, what: str, unit: str) -> Callable[[Results], float]:
    return lambda results: float(results["sizes"][size]["builds"][what][unit])


def _one_new_snapshot(results: Results) -> float:
    """Return what a new snapshot costs at M beyond nothing changed, over that snapshot alone."""
    at_m = results["sizes"]["M"]["builds"]
    beyond = at_m["one new snapshot"]["cpu_seconds"] - at_m["unchanged"]["cpu_seconds"]
    return float(beyond / results["sizes"]["M"]["snapshot_alone"])


def _slope(first: str, last: str) -> Callable[[Results], float]:
    def measured(results: Results) -> float:
        small, large = results["sizes"][first], results["sizes"][last]
        peaks = [each["builds"]["cold"]["peak_mb"] for each in (small, large)]
        return exponent(*peaks, large["specs"] / small["specs"])

    return measured


def _suite(suite: str, name: str, unit: str) -> Callable[[Results], float]:
    return lambda results: float(results[suite][name][unit])


_EXPLORER = (
    ("ready, CPU", 1.0, "s", "ready_cpu_s"),
    ("a choice in a facet, CPU", 60, "ms", "facet_cpu_ms"),
    ("heap", 40, "MB", "heap_mb"),
    ("index.html, sent", 60, "kB", "html_kb"),
    ("index, sent", 10, "kB", "index_kb"),
    ("specs, sent", 700, "kB", "specs_kb"),  # 150 where fewer have variants of their own
    ("hashes, sent", 1_250, "kB", "hashes_kb"),
    ("largest part of the history, sent", 40, "kB", "history_kb"),
)
"""Of a page of the explorer, and of its files as a host that compresses sends them."""


def _explorer(size: str) -> Iterator[Goal]:
    for what, limit, unit, key in _EXPLORER:
        yield Goal(f"explorer, {size}: {what}", limit, unit, _suite("explorer", size, key))


_COMMANDS = (
    ("census --help", 0.12),
    ("census diff", 0.4),
    ("census coverage", 0.4),
    ("census package", 0.4),
    ("census env", 0.4),
    ("census report", 1.5),
)
"""Whole commands on the shipped sample, in seconds of CPU."""
_ASKING = ("diff.causes", "coverage.dependents", "package: causes of its history")


def _at_60_000(name: str) -> Goal:
    def measured(results: Results) -> float:
        return float(results["asking"][name])

    return Goal(f"{name}, weekly pair of 60,000 specs, 600,000 edges", 1.0, "s", measured)


GOALS = (
    _faster("DuckDB, SQL only", 1.5, "M/10", "duckdb_sql"),
    _faster("DuckDB, SQL only", 1.5, "M", "duckdb_sql"),
    _faster("DuckDB, SQL only", 1.2, "W", "duckdb_sql"),
    _faster("PyYAML + pandas", 22, "M/10", "pyyaml_pandas"),
    _faster("the bare limit", 0.75, "M", "bare_limit"),
    Goal("one worker ÷ two, M", 1.7, "×", _two_workers, is_least=True),
    Goal("nothing changed, M", 1.0, "s", _build("M", "unchanged", "wall_seconds")),
    Goal("one new snapshot at M ÷ that snapshot alone", 1.2, "×", _one_new_snapshot),
    Goal("peak memory, M", 400, "MB", _build("M", "cold", "peak_mb")),
    Goal("peak memory, L", 400, "MB", _build("L", "cold", "peak_mb")),
    Goal("peak memory ~ size^b, S to M", 0.1, "", _slope("S", "M")),
    Goal("peak memory ~ size^b, S to L", 0.1, "", _slope("S", "L")),
    Goal("index, 60,000 specs, 600,000 edges", 1.2, "s", _suite("index", "census", "cpu_seconds")),
    Goal("… its peak memory", 300, "MB", _suite("index", "census", "peak_mb")),
    *_explorer("60,000 specs"),
    *_explorer("100 snapshots"),
    *(Goal(what, limit, "s", _suite("commands", what, "cpu_seconds")) for what, limit in _COMMANDS),
    *map(_at_60_000, _ASKING),
    Goal("git history, 150,000 specs", 2.0, "s", _suite("git", "git", "cpu_seconds")),
)


def verdicts(results: Results) -> Iterator[Verdict]:
    """Yield a verdict for each goal that a run looked at."""
    for goal in GOALS:
        try:
            yield Verdict(goal, goal.measured(results))
        except KeyError:
            continue
