"""What a run tells a GitHub Actions job: its summary, and its outputs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from spack_census.ask.escaping import markdown_text, visible
from spack_census.errors import CensusError
from spack_census.reports import markdown
from spack_census.reports.publish import Published
from spack_census.reports.report import Report

_SUMMARY = "GITHUB_STEP_SUMMARY"
_OUTPUT = "GITHUB_OUTPUT"


def demand_job() -> None:
    """Raise CensusError unless this runs in a job of GitHub Actions."""
    for name in (_SUMMARY, _OUTPUT):
        if not os.environ.get(name):
            message = f"--github needs the variable {name}, which is not set"
            raise CensusError(
                message, "it is set in a job of GitHub Actions; leave it out elsewhere"
            )


def tell_job(
    published: Sequence[Published], url: str, kept: str | None = None, *, due: bool = False
) -> None:
    """Append the newest of the new reports to the job's summary, and set the job's outputs.

    Outputs: `changed` (true or false), `reports` (names of new ones, separated by spaces),
    `latest` and `headline` (of the newest report, empty where there is none), `due` (whether the
    history has what is not served yet) and `commit` (of the history).
    """
    newest = published[-1].latest if published else None
    made = [report for each in published for report in each.made]
    outputs = {
        "changed": "true" if made else "false",
        "reports": " ".join(report.name for report in made),
        "latest": newest.name if newest else "",
        # One line whatever it holds: a second one could set another output.
        "headline": visible(newest.headline) if newest else "",
        "due": "true" if due else "false",
        "commit": kept or "",
    }
    _append(_OUTPUT, "".join(f"{name}={value}\n" for name, value in outputs.items()))
    _append(_SUMMARY, _summary(made, url))


def _summary(made: Sequence[Report], url: str) -> str:
    if not made:
        return "No new snapshot: the reports are up to date.\n"
    *others, last = made
    base = f"{url.rstrip('/')}/" if url else ""
    text = markdown.render(last, link=f"{base}{last.name}/" if url else None)
    if others:
        said = [markdown_text(f"{each.after.snapshot}: {each.headline}") for each in others]
        text += "\n## Also new\n\n" + "".join(f"- {line}\n" for line in said)
    return text


def _append(variable: str, text: str) -> None:
    path = Path(os.environ[variable])
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"cannot write {path}, which {variable} names: {error.strerror}"
        raise CensusError(message, "leave out --github to do without it") from error
