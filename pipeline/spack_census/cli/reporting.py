"""Reports to stdout: for people as lines, for programs as rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from spack_census.cli.options import Format
from spack_census.cli.printing import write_rows

if TYPE_CHECKING:
    import duckdb

    from spack_census.ask.coverage import Question
    from spack_census.ask.scope import Scope


def print_overview(
    con: duckdb.DuckDBPyConnection,
    snapshot: str,
    platform: str | None,
    form: Format,
    command: list[str],
) -> None:
    """Print what a snapshot covers, place by place."""
    from spack_census.ask.overview import overview, place_rows
    from spack_census.reports.terminal.coverage import render_overview
    from spack_census.reports.terminal.layout import show, terminal_width

    if form is not Format.TABLE:
        write_rows(place_rows(con, snapshot, platform), form)
        return
    found = overview(con, snapshot, platform)
    show(render_overview(found, terminal_width(sys.stdout), command), sys.stdout)


def print_coverage(
    con: duckdb.DuckDBPyConnection,
    snapshot: str,
    question: Question,
    form: Format,
    command: list[str],
) -> None:
    """Print which packages are covered for a question."""
    from spack_census.ask.coverage import coverage, package_rows
    from spack_census.ask.names import packages
    from spack_census.reports.terminal.coverage import render_coverage
    from spack_census.reports.terminal.layout import show, terminal_width

    if form is not Format.TABLE:
        write_rows(package_rows(con, question, snapshot), form)
        return
    found = coverage(con, question, snapshot)
    width = terminal_width(sys.stdout)
    show(render_coverage(found, width, command, packages(con)), sys.stdout)


def print_diff(
    con: duckdb.DuckDBPyConnection, pair: tuple[str, str], scope: Scope, command: list[str]
) -> bool:
    """Print what changed between two snapshots; return whether anything did."""
    from spack_census.ask.diff import diff
    from spack_census.reports.terminal.diff import render_diff
    from spack_census.reports.terminal.layout import show, terminal_width

    found = diff(con, *pair, scope)
    show(render_diff(found, terminal_width(sys.stdout), command), sys.stdout)
    return found.changed


def print_changes(
    con: duckdb.DuckDBPyConnection,
    pair: tuple[str, str],
    scope: Scope,
    only: str | None,
    form: Format,
) -> bool:
    """Print each change, of the kinds in `only` where there are any; return whether any is."""
    from spack_census.ask.diff import change_rows, diff
    from spack_census.reports.terminal.changes import render_changes
    from spack_census.reports.terminal.layout import show, terminal_width

    labels = [] if only is None else [label.strip() for label in only.split(",")]
    rows = change_rows(con, *pair, scope, labels)
    if form is Format.TABLE:
        show(render_changes(rows, terminal_width(sys.stdout)), sys.stdout)
    else:
        write_rows(rows, form)
    # A spec that only moved to other stacks has no row, yet that is a change too.
    return len(rows) > 0 or (only is None and diff(con, *pair, scope).changed)


def print_package(
    con: duckdb.DuckDBPyConnection, name: str, snapshot: str | None, form: Format
) -> None:
    """Print everything about one package."""
    from spack_census.ask.package import package_report, spec_rows
    from spack_census.reports.terminal.layout import show, terminal_width
    from spack_census.reports.terminal.package import render_package

    report = package_report(con, name, snapshot)
    if form is Format.TABLE:
        show(render_package(report, terminal_width(sys.stdout)), sys.stdout)
    else:
        write_rows(spec_rows(con, report), form)
