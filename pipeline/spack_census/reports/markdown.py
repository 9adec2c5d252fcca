"""A report as Markdown: short enough for a mail and for the summary of a CI job."""

from __future__ import annotations

from spack_census.ask.escaping import markdown_text
from spack_census.reports import page
from spack_census.reports.report import Report
from spack_census.reports.sections import Section, Table, shown
from spack_census.reports.sentences import warnings

_ROWS = 15
_CHARACTERS = 120


def render(report: Report, link: str | None = "") -> str:
    """Return a report as Markdown.

    `link` is put before the names of files that it links; None links none, for a place from which
    the files cannot be reached.
    """
    before, after = (markdown_text(side.snapshot) for side in (report.before, report.after))
    parts = [f"# {after}", f"**{markdown_text(report.headline)}**"]
    for word, said in warnings(report):
        parts.append(f"> **{word}.** {markdown_text(said)}")
    for section in page.sections(report):
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
    for each in section.tables:
        if len(section.tables) > 1:
            parts.append(f"### {each.caption}")
        parts.append(table(each, _ROWS))
        left = len(each.rows) - _ROWS
        if left > 0:
            more = f"{left:,} more rows"
            parts.append(
                f"{more} in {each.file}" if link is None else f"[{more}]({link}{each.file})"
            )
    return parts + [markdown_text(note) for note in section.notes]


def table(found: Table, limit: int | None = None) -> str:
    """Return a table as Markdown, all its rows or as many as the limit; long cells are cut."""
    titles = [markdown_text(column.title) for column in found.columns]
    rules = ["---:" if column.is_number else "---" for column in found.columns]
    lines = [titles, rules]
    for row in found.rows[:limit]:
        texts = (shown(cell, column.kind) for cell, column in zip(row, found.columns, strict=True))
        lines.append([markdown_text(text if limit is None else _cut(text)) for text in texts])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
