"""The optional table of what recipes declare, one row for each file of a package repository."""

from __future__ import annotations

from spack_census.dataset.table import COUNT, DAY, FLAG, TEXT, TEXTS, Column, Table, several, struct

_VERSIONS = several(struct(version=TEXT, version_key=TEXT, is_preferred=FLAG, is_deprecated=FLAG))

RECIPES = Table(
    "recipes",
    "One row for each file of a package repository: what the recipe declares, read and never run.",
    (
        Column("namespace", TEXT, "Name of the package repository, such as builtin"),
        Column("package", TEXT, "Package name, by the name of the recipe's folder"),
        Column("path", TEXT, "Path of the recipe inside its source"),
        Column("sha256", TEXT, "SHA-256 of the recipe, null if not read", nullable=True),
        Column("reading", TEXT, "whole, partly or rejected: how much of it was read"),
        Column("versions", _VERSIONS, "Versions declared, newest first; null: computed in code"),
        Column("maintainers", TEXTS, "Who maintains it, names at GitHub, sorted"),
        Column(
            "licenses",
            several(struct(license=TEXT, conditions=TEXTS)),
            "Licences, each with the conditions that all must hold for it",
        ),
        Column("build_systems", TEXTS, "Build systems, as the variant build_system names them"),
        Column(
            "provides",
            several(struct(virtual=TEXT, conditions=TEXTS)),
            "Virtual packages, each with the conditions that all must hold for it",
        ),
        Column("unread", TEXTS, "What could not be read, computed in code: line and call"),
        Column("num_unread", COUNT, "How many these are; versions may be among them"),
        Column("reason", TEXT, "Code of the reason for a reject", nullable=True),
        Column("place", TEXT, "Place inside a rejected recipe, such as line 12", nullable=True),
        Column("message", TEXT, "What is wrong there", nullable=True),
        Column("source", TEXT, "Kind of the source: directory or git"),
        Column(
            "revision",
            TEXT,
            "Commit that was read; of a directory the SHA-256 over paths and contents",
        ),
        Column("revision_date", DAY, "Day of the commit, UTC", nullable=True),
        Column("read_date", DAY, "Day it was read, UTC"),
    ),
    (),
    ("namespace", "package", "path"),
    since=2,
    optional=True,
)
