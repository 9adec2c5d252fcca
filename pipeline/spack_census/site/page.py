"""index.html: the modules of the page as one script, its style, and a table that needs no script.

The modules are those of `page/`, in the order in which they import each other. A page from file://
may load no modules, so they become one script, in one scope: no two may declare the same name, and
none has text that goes over a line's end. That takes no tool that a user would have to install.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from importlib import resources
from importlib.metadata import version
from string import Template

import duckdb

from spack_census.ask.formats import visible
from spack_census.ask.snapshots import Snapshot

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z]+)\.js";\n', re.MULTILINE)
_DECLARED = re.compile(r"^(export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
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
    code, style = script(), _resource("style.css")
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


def script() -> str:
    """Return the page's modules as one script: all names in one scope, each after what it uses.

    Raises ValueError where two modules declare one name, or import each other.
    """
    return f'"use strict";\n(() => {{\n{_joined(_ordered([_MAIN]))}}})();\n'


def library(names: Sequence[str]) -> str:
    """Return an expression whose value has these modules' exports, for the page's own tests."""
    ordered = _ordered(names)
    exports = {name: [own for export, own in _declared(name) if export] for name in ordered}
    found = ", ".join(f"{name}: {{ {', '.join(own)} }}" for name, own in exports.items())
    return f"(() => {{\n{_joined(ordered)}return {{ {found} }};\n}})()"


def _ordered(names: Sequence[str]) -> list[str]:
    """Return these modules and those that they import, each after those that it imports."""
    ordered: list[str] = []
    for name in names:
        _visit(name, ordered, ())
    return ordered


def _visit(name: str, ordered: list[str], above: Sequence[str]) -> None:
    if name in ordered:
        return
    if name in above:
        raise ValueError(f"modules of the page import each other: {' → '.join((*above, name))}")
    for match in _IMPORT.finditer(_module(name)):
        _visit(match[1], ordered, (*above, name))
    ordered.append(name)


def _joined(names: Sequence[str]) -> str:
    homes: dict[str, str] = {}
    for module in names:
        for _, name in _declared(module):
            home = homes.setdefault(name, module)
            if home != module:
                raise ValueError(f"{home}.js and {module}.js both declare {name}: rename the one")
    return "".join(map(_bare, names))


def _declared(module: str) -> list[tuple[str, str]]:
    """Return "export " or nothing, and the name, of each thing that a module declares."""
    return _DECLARED.findall(_module(module))


def _bare(module: str) -> str:
    """Return a module without imports, exports, comments of whole lines and indentation."""
    text = _COMMENT.sub("", _module(module))
    return _INDENT.sub("", _EXPORT.sub("", _IMPORT.sub("", text)))


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
