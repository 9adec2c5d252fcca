"""A report as Markdown: short enough for a mail and for the summary of a CI job."""

from __future__ import annotations

from spack_census.ask.formats import markdown_text
from spack_census.reports.pages import sections
from spack_census.reports.pages.outline import Kind, Section, Table, epochs, shown
from spack_census.reports.report import Report

_ROWS = 15
_CHARACTERS = 120


def render(report: Report, link: str | None = "") -> str:
    """Return a report as Markdown.

    `link` is put before the names of files that it links; None links none, for a place from which
    the files cannot be reached.
    """
    before, after = (markdown_text(side.snapshot) for side in (report.before, report.after))
    parts = [f"# {after}", f"**{markdown_text(report.headline)}**"]
    warning = epochs(report)
    if warning:
        parts.append(f"> **{markdown_text(warning)}**")
    for section in sections(report):
        parts += _section(section, link)
    said = f"Compared with {before}. Each figure is of a query of spack-census: "
    parts.append(f"{said}`census diff {report.before.snapshot} {report.after.snapshot}`.")
    if link is not None:
        parts.append(_files(link))
    return "\n\n".join(parts) + "\n"


def _files(link: str) -> str:
    files = {"the page": "report.html", "the data": "report.json", "every change": "changes.csv"}
    return ", ".join(f"[{name}]({link}{file})" for name, file in files.items())


def _section(section: Section, link: str | None) -> list[str]:
    parts = [f"## {section.title}", markdown_text(section.lead)]
    for table in section.tables:
        if len(section.tables) > 1:
            parts.append(f"### {table.caption}")
        parts.append(_table(table))
        left = len(table.rows) - _ROWS
        if left > 0:
            more = f"{left:,} more rows"
            parts.append(
                f"{more} in {table.file}" if link is None else f"[{more}]({link}{table.file})"
            )
    return parts


def _table(table: Table) -> str:
    titles = [markdown_text(column.title) for column in table.columns]
    rules = ["---" if column.kind is Kind.TEXT else "---:" for column in table.columns]
    lines = [titles, rules]
    for row in table.rows[:_ROWS]:
        cells = zip(row, table.columns, strict=True)
        lines.append([markdown_text(_cut(shown(cell, column.kind))) for cell, column in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
