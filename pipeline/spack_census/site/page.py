"""index.html: the modules of the page as one script, its style, and a table that needs no script.

The modules are those of `page/`, in the order in which they import each other. A page from file://
may load no modules, so each becomes a function whose exports are a constant; that takes three
regular expressions and no tool that a user would have to install.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from importlib.metadata import version
from string import Template

import duckdb

from spack_census.ask.formats import visible
from spack_census.ask.snapshots import Snapshot

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([a-z]+)\.js";\n', re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|class) (\w+)", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?:/\*\*(?:[^*]|\*(?!/))*\*/|//.*)\n", re.MULTILINE)
_INDENT = re.compile(r"^ +", re.MULTILINE)
_MAIN = "main"

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
    code, style = script([_MAIN]), _resource("style.css")
    policy = (
        f"default-src 'none'; script-src {_source(code)} 'self'; style-src {_source(style)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    rows = con.execute(_PACKAGES, [newest.snapshot]).fetchall()
    link = "" if reports is None else f'<li><a href="{_text(reports)}/index.html">Reports</a></li>'
    return Template(_resource("index.html")).substitute(
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


def script(names: Iterable[str]) -> str:
    """Return these modules and those that they import as one script.

    What `main` would start is started; other modules become constants, `$name` for each.
    """
    ordered: list[str] = []
    for name in names:
        _visit(name, ordered, ())
    return '"use strict";\n(() => {\n' + "".join(map(_wrapped, ordered)) + "})();\n"


def library(names: Iterable[str]) -> str:
    """Return an expression whose value has these modules' exports, for the page's own tests."""
    ordered: list[str] = []
    for name in names:
        _visit(name, ordered, ())
    exported = ", ".join(f"{name}: ${name}" for name in ordered)
    return "(() => {\n" + "".join(map(_wrapped, ordered)) + f"return {{ {exported} }};\n}})()"


def _visit(name: str, ordered: list[str], above: Sequence[str]) -> None:
    """Append a module after those that it imports."""
    if name in ordered:
        return
    if name in above:
        raise ValueError(f"modules of the page import each other: {' → '.join((*above, name))}")
    for match in _IMPORT.finditer(_module(name)):
        _visit(match[2], ordered, (*above, name))
    ordered.append(name)


def _wrapped(name: str) -> str:
    text = _module(name)
    exports = _EXPORTED.findall(text)
    text = _COMMENT.sub("", text)
    text = _IMPORT.sub(lambda match: f"const {match[1]} = ${match[2]};\n", text)
    text = _INDENT.sub("", _EXPORT.sub("", text))
    return f"const ${name} = (() => {{\n{text}return {{ {', '.join(exports)} }};\n}})();\n"


def _module(name: str) -> str:
    return _resource(f"{name}.js")


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _row(package: str, version: str, num_specs: int, targets: list[str]) -> str:
    cells = (_text(version), f"{num_specs:,}", _text(", ".join(targets)))
    return f"<tr><th>{_text(package)}<td>{'<td>'.join(cells)}"


def _text(text: str) -> str:
    return html.escape(visible(text))
