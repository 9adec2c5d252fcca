"""Recipes that were read → the table `recipes` of the next version of a dataset.

The table is optional and of no snapshot: a build leaves it as it is, reading recipes anew takes
its place. All else of the version stays.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from spack_census.building import carry, reference, tables
from spack_census.dataset import parquet, schema
from spack_census.dataset.layout import Manifest, pin
from spack_census.dataset.publication import Publication, lock
from spack_census.disk import durable
from spack_census.errors import DatasetError
from spack_census.recipes.records import Conditional, Recipe
from spack_census.recipes.repository import Recipes

_MEND = "mend that and do it again; what was published before is as it was"


class Published(NamedTuple):
    """What became of recipes that were read."""

    manifest: Manifest
    is_new: bool
    """False where the dataset held the very same already."""
    warnings: tuple[str, ...]
    """What failed after the publication, which stands all the same."""


def publish(
    found: Recipes, dataset: Path, read_date: dt.date, wait_seconds: float = 0
) -> Published:
    """Put recipes in the place of those that the dataset holds; `read_date` is in UTC.

    Where they are the same but for the day they were read, nothing is published. Raises BusyError,
    DatasetError where there is no dataset, and then leaves it as it was.
    """
    pin(dataset)
    rows = table(found, read_date)
    errors = durable.errors(dataset, _MEND, DatasetError)
    with errors, lock(dataset, wait_seconds) as publication:
        manifest = publication.manifest
        assert manifest is not None
        if _same(publication, rows):
            return Published(manifest, is_new=False, warnings=())
        published = _commit(publication, rows)
        warnings = [*publication.warnings]
        try:
            publication.clean()
        except OSError as error:
            warnings.append(f"cleaning up failed, the next build will do it: {error}")
    return Published(published, is_new=True, warnings=tuple(warnings))


def _commit(publication: Publication, rows: pa.Table) -> Manifest:
    states = publication.snapshots
    kept, moved = carry.over(publication, states.keys())
    name = schema.RECIPES.name
    kept = [file for file in kept if file.table != name]
    moved = [(file, folder) for file, folder in moved if file.table != name]
    folder = publication.staging / "recipes"
    made = [parquet.write(folder, schema.RECIPES, rows, "", snapshot=None)]
    others = [*kept, *(file for file, _ in moved), *made]
    made += reference.write(folder, states, carry.unplaced_rejects(publication), others)
    moved += [(file, folder) for file in made]
    return publication.commit(kept, moved, states)


def _same(publication: Publication, rows: pa.Table) -> bool:
    """Tell whether the current version holds these rows, whenever they were read."""
    if carry.is_older(publication.manifest):
        return False
    files = [file for file in publication.files if file.table == schema.RECIPES.name]
    try:
        held = [carry.modern(publication, file) for file in files]
    except (DatasetError, OSError):
        # They are damaged: the very same is published again.
        publication.repairing = True
        return False
    names = [name for name in rows.column_names if name != "read_date"]
    return bool(held) and bool(held[0].select(names).equals(rows.select(names)))


def table(found: Recipes, read_date: dt.date) -> pa.Table:
    """Return a row for each file that was seen, in the schema of `schema.RECIPES`."""
    of_all = {
        "namespace": found.namespace,
        "source": found.source,
        "revision": found.revision,
        "revision_date": found.revision_date,
        "read_date": read_date,
    }
    lists = [column.name for column in schema.RECIPES.columns if pa.types.is_list(column.type)]
    nothing: dict[str, Any] = {name: [] for name in lists} | {"num_unread": 0}
    rows: list[dict[str, Any]] = [of_all | _row(recipe) for recipe in found.recipes]
    rows += [
        {
            **of_all,
            **nothing,
            "reading": "rejected",
            "num_unread": 0,
            **msgspec.structs.asdict(each),
        }
        for each in found.rejects
    ]
    return tables.rows(schema.RECIPES, rows)


def _row(recipe: Recipe) -> dict[str, Any]:
    row = msgspec.structs.asdict(recipe)
    row["reading"] = "partly" if recipe.num_unread else "whole"
    row["versions"] = [msgspec.structs.asdict(each) for each in recipe.versions]
    row["licenses"] = _named("license", recipe.licenses)
    row["provides"] = _named("virtual", recipe.provides)
    return row


def _named(name: str, found: tuple[Conditional, ...]) -> list[dict[str, Any]]:
    return [{name: each.name, "conditions": list(each.conditions)} for each in found]
