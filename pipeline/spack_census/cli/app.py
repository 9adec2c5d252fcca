"""The commands and their groups, as `census --help` shows them."""

from __future__ import annotations

import click

import spack_census
from spack_census.cli import completion
from spack_census.cli.declaring import Commands

GROUPS = {
    "Build": {
        "build": ("building", "Turn documents into the dataset"),
        "fetch": ("fetching", "Mirror what a build needs of a build cache"),
        "recipes": ("reading", "Read what recipes declare"),
        "init": ("starting", "Write a census.yaml with comments"),
        "run": ("running", "Fetch, build and report as a file says"),
    },
    "Ask": {
        "coverage": ("asking", "Show what is covered"),
        "diff": ("comparing", "Show what changed between two snapshots, lockfiles or specs"),
        "package": ("asking", "Show everything about one package"),
        "find": ("environments", "List the specs that satisfy a constraint"),
        "why": ("environments", "Show at which step the specs of a package drop out"),
        "env": ("environments", "Show how much of an environment installs from binaries"),
        "query": ("asking", "Run one query of the catalogue"),
    },
    "Publish": {
        "report": ("publishing", "Report on each snapshot that has no report yet"),
        "site": ("publishing", "Write the explorer"),
        "export": ("publishing", "Write the dataset for those without census"),
    },
    "Inspect": {
        "snapshots": ("inspecting", "List the snapshots of the dataset"),
        "queries": ("inspecting", "List the questions that can be asked"),
        "rejects": ("inspecting", "List what could not be used, why, and what to do about it"),
        "check": ("inspecting", "Run the checks on the dataset"),
        "verify": ("inspecting", "Read every byte of the dataset again"),
        "audit": ("auditing", "Look whether a mirror's index, manifests, blobs and keys fit"),
        "migrate": ("versions", "Write a dataset of an older format anew in today's"),
        "path": ("versions", "Print the folder of the current version"),
        "sql": ("inspecting", "Print SQL that makes the views and macros in any DuckDB shell"),
    },
}
"""Group → command → its module, and how its docstring begins, which is read when it is called."""


def _version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        print(f"census {spack_census.__version__}")
        ctx.exit()


_COMMON = (
    click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Print the version.",
    ),
    click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        help="Show where an error arose, with any command.",
    ),
)

app = Commands(
    "spack_census.cli",
    GROUPS,
    name="census",
    help="A census of the Spack build cache: what it holds, and what changed.",
    epilog="census help COMMAND is census COMMAND --help.",
    params=[*_COMMON, *completion.OPTIONS],
)
