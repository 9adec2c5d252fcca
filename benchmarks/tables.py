"""results.json → tables in Markdown: `python benchmarks/tables.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from goals import verdicts
from measure import exponent

NAMES = {
    "bare_limit": "bare limit: read, orjson.loads, no output",
    "census": "**census**, one process",
    "census_two": "**census**, two processes on two cores",
    "duckdb_sql": "DuckDB, SQL only",
    "polars_json": "Polars, `json_decode`",
    "json_pyarrow": "json + PyArrow",
    "frontmatter_pandas": "python-frontmatter + pandas",
    "pyyaml_pandas": "PyYAML (C) + pandas",
    "index_json": "`json.load` loop, no output",
    "cat_file": "`git cat-file` alone, to nowhere",
    "git": "**census** `build --git`, one process",
}

_SUITES = {
    "Documents in a git repository, 150,000 specs": "git",
    "Indexes of a build cache, 60,000 specs": "index",
    "Commands on the shipped sample": "commands",
}


def render(results: dict[str, Any]) -> str:
    """Return all tables of a run."""
    sizes = results["sizes"]
    parts = [f"{_machine(results)}\n", f"### Goals\n\n{_goals(results)}\n"]
    for size, found in sizes.items():
        if "conversions" in found:
            title = (
                f"{size}: {found['snapshots']:,} snapshots, {found['documents']:,} documents, "
                f"{found['specs']:,} specs, {found['megabytes']:,} MB"
            )
            parts.append(f"### {title}\n\n{_conversions(found)}\n")
    parts.append(f"### How it grows\n\n{_growth(sizes)}\n")
    for title, key in _SUITES.items():
        if key in results:
            parts.append(f"### {title}\n\n{_costs(results[key])}\n")
    if results.get("explorer"):
        parts.append(f"### Explorer, in Chromium\n\n{_explorer(results['explorer'])}\n")
    parts.append(f"### Queries, seconds\n\n{_queries(sizes)}")
    return "\n".join(parts)


def _machine(results: dict[str, Any]) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    loads = [f"{results[key][0]:.1f}" for key in ("load_before", "load_after")]
    return (
        f"{machine['date']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, {versions}; load {loads[0]} before, {loads[1]} after."
    )


def _goals(results: dict[str, Any]) -> str:
    rows = [
        (
            goal.what,
            f"{'≥' if goal.is_least else '≤'} {goal.limit:g} {goal.unit}",
            f"{value:.2f} {goal.unit}" if value < 100 else f"{value:,.0f} {goal.unit}",
            "reached" if verdict.reached else "**missed**",
        )
        for verdict in verdicts(results)
        for goal, value in [verdict]
    ]
    return table(("", "goal", "measured", ""), rows)


def _conversions(found: dict[str, Any]) -> str:
    costs = found["conversions"]
    ours = costs["census"]
    rows = [
        (
            NAMES[name],
            f"{cost['wall_seconds']:.2f}",
            f"{cost['cpu_seconds']:.2f}",
            f"{found['megabytes'] / cost['cpu_seconds']:.1f}",
            f"{cost['wall_seconds'] / ours['wall_seconds']:.2f}",
            f"{cost['cpu_seconds'] / ours['cpu_seconds']:.2f}",
            f"{cost['peak_mb']:.0f}",
        )
        for name, cost in sorted(costs.items(), key=lambda item: item[1]["cpu_seconds"])
    ]
    head = ("", "wall s", "CPU s", "MB/CPU s", "wall ÷ census", "CPU ÷ census", "peak MB")
    return table(head, rows)


def _growth(sizes: dict[str, Any]) -> str:
    rows = []
    for what in ("cold", "unchanged", "one new snapshot"):
        for unit in ("wall_seconds", "cpu_seconds", "peak_mb"):
            values = [found["builds"][what][unit] for found in sizes.values()]
            shown = [f"{value:.0f}" if unit == "peak_mb" else f"{value:.2f}" for value in values]
            rows.append((f"{what}, {unit.replace('_', ' ')}", *shown, _slope(values, sizes)))
    for what in ("files", "megabytes"):
        values = [found["storage"][what] for found in sizes.values()]
        shown = [f"{value:,.0f}" for value in values]
        rows.append((f"dataset, {what}", *shown, _slope(values, sizes)))
    per_spec = [
        f"{found['storage']['specs_megabytes'] * 1e6 / found['specs']:.1f}"
        for found in sizes.values()
    ]
    rows.append(("`specs`, bytes a spec", *per_spec, ""))
    return table(("`census build`", *sizes, "size^b, last step"), rows)


def _slope(values: Sequence[float], sizes: dict[str, Any]) -> str:
    specs = [found["specs"] for found in sizes.values()]
    if len(values) < 2:
        return ""
    return f"{exponent(values[-2], values[-1], specs[-1] / specs[-2]):.2f}"


def _costs(costs: dict[str, Any]) -> str:
    rows = [
        (
            NAMES.get(name, f"`{name}`"),
            f"{cost['wall_seconds']:.2f}",
            f"{cost['cpu_seconds']:.2f}",
            cost["peak_mb"],
        )
        for name, cost in costs.items()
    ]
    return table(("", "wall s", "CPU s", "peak MB"), rows)


def _explorer(found: dict[str, dict[str, float]]) -> str:
    names = dict.fromkeys(name for each in found.values() for name in each)
    rows = [
        (name.replace("_", " "), *(f"{each.get(name, float('nan')):,g}" for each in found.values()))
        for name in names
    ]
    return table(("", *found), rows)


def _queries(sizes: dict[str, Any]) -> str:
    names = [*sizes.values()][-1]["queries"]
    rows = [
        (name, *(_seconds(found["queries"].get(name)) for found in sizes.values()))
        for name in names
    ]
    return table(("", *sizes), rows)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table in Markdown, names to the left and numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    print(render(json.loads((Path(__file__).parent / "results.json").read_text())))
