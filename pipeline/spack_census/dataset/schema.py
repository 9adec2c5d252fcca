"""The one contract between the write side and the read side: tables, columns, meanings.

Partition columns live in folder names (`platform=linux/`), as Hive has it, and not inside the
files; they are text, always, whatever a reader would guess from their looks.
"""

from __future__ import annotations

from dataclasses import replace

from spack_census.dataset.recipe_table import RECIPES
from spack_census.dataset.table import (
    COUNT,
    DAY,
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    Column,
    Table,
    several,
    struct,
)

__all__ = ["COUNT", "FORMAT", "RECIPES", "TABLES", "TEXT", "TEXTS", "Column", "Table"]

SPECS = Table(
    "specs",
    "One row for each spec in each snapshot: what the build cache holds.",
    (
        Column("snapshot", TEXT, "Name of the snapshot, such as develop-2025-07-13"),
        Column("platform", TEXT, "Platform, such as linux or darwin"),
        Column("target", TEXT, "CPU microarchitecture the binary was built for"),
        Column("package", TEXT, "Package name"),
        Column("version", TEXT, "Version as Spack writes it"),
        Column("version_key", TEXT, "Text whose byte order is Spack's version order"),
        Column("compiler_name", TEXT, "Compiler, as Spack 1.0 names it; null: none", nullable=True),
        Column("compiler_version", TEXT, "Version of the compiler", nullable=True),
        Column("compiler_written", TEXT, "Its name in the source: oneapi", nullable=True, since=2),
        Column("os", TEXT, "Operating system the binary was built on"),
        Column("variants", TEXTS, "Variants, sorted: +x, ~x or k=v"),
        Column("flags", TEXTS, "Compiler flags, sorted: cflags=-O3 -g; of indexes only", since=2),
        Column("stacks", TEXTS, "CI stacks that hold the spec, sorted; root is their union"),
        Column("hash", TEXT, "DAG hash, 32 base32 characters"),
        Column("size_bytes", COUNT, "Size of the binary, null when unknown", nullable=True),
        Column("tarball_url", TEXT, "Where the binary was, null when unknown", nullable=True),
        Column("namespace", TEXT, "Recipe repository, null when unknown", nullable=True),
        Column("package_hash", TEXT, "Hash of the recipe, null when unknown", nullable=True),
        Column("build_spec", TEXT, "Hash that a spliced spec was built as", nullable=True, since=2),
    ),
    ("platform", "target", "snapshot"),
    ("package", "version_key", "hash"),
)

EXTERNALS = Table(
    "externals",
    "One row for each spec that others depend on and the build cache does not hold, such as libc"
    " and compilers, as an index names it. They count nowhere.",
    (
        *(replace(column, since=2) for column in SPECS.columns if column.name != "stacks"),
        Column("is_external", FLAG, "Whether it was found on a system, not built", since=2),
    ),
    ("snapshot",),
    ("package", "version_key", "hash"),
    since=2,
)

_STACK_COUNTS = several(struct(stack=TEXT, num_specs=COUNT))

DOCUMENTS = Table(
    "documents",
    "One row for each accepted document: where rows of specs come from, and what it declared.",
    (
        Column("snapshot", TEXT, "Snapshot the document belongs to"),
        Column("package", TEXT, "Package it describes, null for an index of many", nullable=True),
        Column("path", TEXT, "Path of the document inside its source"),
        Column("sha256", TEXT, "SHA-256 of the document's bytes"),
        Column("size_bytes", COUNT, "Size of the document"),
        Column(
            "generation",
            NUMBER,
            "Generation of the document format, 1 to 7; null for an index",
            nullable=True,
        ),
        Column("num_specs_declared", COUNT, "Specs that the document claims", nullable=True),
        Column("num_specs_seen", COUNT, "Specs found in the document that are its to answer for"),
        Column("num_specs_written", COUNT, "Specs that became rows"),
        Column("num_specs_rejected", COUNT, "Specs that went to rejects"),
        Column("stacks_declared", _STACK_COUNTS, "Specs of each stack that the document claims"),
        Column("warnings", TEXTS, "What was odd about the document and did no harm"),
    ),
    ("snapshot",),
    ("package", "path"),
)

REJECTS = Table(
    "rejects",
    "What could not be used, and why: whole documents, or single specs of accepted ones.",
    (
        Column("snapshot", TEXT, "Snapshot, null where none could be read", nullable=True),
        Column("package", TEXT, "Package, null where none could be read", nullable=True),
        Column("path", TEXT, "Path of the document inside its source"),
        Column("sha256", TEXT, "SHA-256 of the document, null if not read", nullable=True),
        Column("size_bytes", COUNT, "Size of the document, null if not read", nullable=True),
        Column("scope", TEXT, "document or spec: what was rejected"),
        Column("reason", TEXT, "Stable code of the reason"),
        Column("place", TEXT, "Place inside the document, such as spec_details[3].hash"),
        Column("message", TEXT, "What is wrong there"),
        Column("remedy", TEXT, "What to do about it"),
        Column("hash", TEXT, "The spec's hash, where it could be read", nullable=True),
        Column("num_specs", COUNT, "Specs lost with this row, null if unknown", nullable=True),
    ),
    (),
    ("path", "scope", "place", "reason", "message"),
)

SNAPSHOTS = Table(
    "snapshots",
    "One row for each snapshot: its order in its series, where it came from, what it holds.",
    (
        Column("snapshot", TEXT, "Name of the snapshot"),
        Column("series", TEXT, "develop-dated, release, develop or other"),
        Column("series_order", COUNT, "Position in the series, oldest first, from 1"),
        Column("snapshot_date", DAY, "Date in the name, null if none", nullable=True),
        Column(
            "hash_epoch",
            NUMBER,
            "Spack database version since which hashes are "
            "made this way (6 or 8), null when it cannot be told",
            nullable=True,
        ),
        Column("num_documents", COUNT, "Documents accepted"),
        Column("num_packages", COUNT, "Packages with at least one spec"),
        Column("num_specs", COUNT, "Specs written"),
        Column("num_documents_rejected", COUNT, "Documents rejected"),
        Column("num_specs_rejected", COUNT, "Specs of accepted documents that were rejected"),
        Column("source", TEXT, "Kind of the source: directory, git, archive, buildcache"),
        Column(
            "source_revision",
            TEXT,
            "What identifies the state of the source: the SHA-256 over the number of our rules "
            "and its documents' paths and contents",
        ),
        Column(
            "rules",
            NUMBER,
            "Number of the rules by which documents became rows, null where not noted",
            nullable=True,
            since=2,
        ),
    ),
    (),
    ("series", "series_order"),
)

TARGETS = Table(
    "targets",
    "One row for each CPU microarchitecture that archspec knows or the dataset holds.",
    (
        Column("target", TEXT, "Name of the microarchitecture"),
        Column(
            "family", TEXT, "Root of its family, such as x86_64; null if unknown", nullable=True
        ),
        Column("vendor", TEXT, "Vendor; generic for none; null if unknown", nullable=True),
        Column("generation", NUMBER, "Generation within the vendor, null if none", nullable=True),
        Column("ancestors", TEXTS, "Targets whose binaries it runs too, nearest first"),
        Column("known", FLAG, "Whether archspec knows it"),
    ),
    (),
    ("target",),
)

TARGET_COMPAT = Table(
    "target_compat",
    "One row for each pair of a host CPU and a target whose binaries it can run.",
    (
        Column("host", TEXT, "CPU microarchitecture of the machine"),
        Column("target", TEXT, "Target of a binary that the host can run"),
        Column("distance", NUMBER, "0 for the host itself, more for more general targets"),
    ),
    (),
    ("host", "distance", "target"),
)

DEPENDENCIES = Table(
    "dependencies",
    "One row for each direct dependency of a spec or external, from sources that know them.",
    (
        Column("snapshot", TEXT, "Snapshot of the depending spec"),
        Column("hash", TEXT, "DAG hash of the depending spec"),
        Column("dependency", TEXT, "Package name of the dependency"),
        Column("dependency_hash", TEXT, "DAG hash of the dependency"),
        Column("deptypes", TEXTS, "Types of the dependency, sorted: build, link, run, test"),
        Column("virtuals", TEXTS, "Virtual packages it provides here, sorted"),
    ),
    ("snapshot",),
    ("hash", "dependency", "dependency_hash"),
)

TABLES: tuple[Table, ...] = (
    *(SPECS, EXTERNALS, DOCUMENTS, REJECTS, DEPENDENCIES),
    *(SNAPSHOTS, TARGETS, TARGET_COMPAT, RECIPES),
)

FORMAT = 2
"""The number of this very schema; `since` tells what each format brought."""
