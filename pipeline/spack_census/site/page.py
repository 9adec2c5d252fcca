"""index.html: the page's script, its style, and a table that needs no script."""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.metadata import version
from string import Template

import duckdb

from spack_census.ask.escaping import visible
from spack_census.ask.snapshots import Snapshot
from spack_census.site import script

_PACKAGES = """
with counted as (
    select
        package,
        arg_max(version, [version_key, version]) as newest,
        count(*) as num_specs,
        list(distinct target order by target) as targets
    from specs
    where snapshot = ?
    group by package
)

select *
from counted
order by package
"""


def render(
    con: duckdb.DuckDBPyConnection, newest: Snapshot, index: str, reports: str | None
) -> str:
    """Return index.html, for an index file of this digest.

    `reports` is the address of the folder of reports, as seen from here, None where there is none.
    """
    code, style = script.script(), script.resource("style.css")
    policy = (
        f"default-src 'none'; script-src {_source(code)} 'self'; style-src {_source(style)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    rows = con.execute(_PACKAGES, [newest.snapshot]).fetchall()
    link = "" if reports is None else f'<li><a href="{_text(reports)}/index.html">Reports</a></li>'
    return Template(script.resource("index.html")).substitute(
        policy=policy,
        style=style,
        script=code,
        index=index,
        reports=link,
        address=_text(reports or ""),
        snapshot=_text(newest.snapshot),
        num_specs=f"{newest.num_specs:,}",
        num_packages=f"{newest.num_packages:,}",
        packages="\n".join(_row(*row) for row in rows),
        tool=_text(version("spack-census")),
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _row(package: str, version: str, num_specs: int, targets: list[str]) -> str:
    cells = (_text(version), f"{num_specs:,}", _text(", ".join(targets)))
    return f"<tr><th>{_text(package)}<td>{'<td>'.join(cells)}"


def _text(text: str) -> str:
    return html.escape(visible(text))
