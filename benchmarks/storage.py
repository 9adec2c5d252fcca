"""How many bytes a spec takes, as it is written and otherwise.

`python benchmarks/storage.py DATASET`. Each way writes all files of `specs` anew, partition by
partition. No way can do with less than 20 bytes for each hash, which nothing predicts.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tables import table

PLAIN = ("hash",)
"""Columns without a dictionary."""


class Way(NamedTuple):
    """One way to write a partition."""

    arrange: Callable[[pa.Table], pa.Table] = lambda rows: rows
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


def by(*columns: str) -> Callable[[pa.Table], pa.Table]:
    """Return a function that sorts rows."""
    return lambda rows: rows.sort_by([(name, "ascending") for name in columns])


def binary(rows: pa.Table) -> pa.Table:
    """Put hashes into the 20 bytes that they stand for."""
    index = rows.schema.get_field_index("hash")
    values = [base64.b32decode(text.upper()) for text in rows["hash"].to_pylist()]
    return rows.set_column(index, "hash", pa.array(values, pa.binary(20)))


WAYS = {
    "as written: by package, version, hash; zstd 3": Way(),
    "in order of hashes": Way(by("hash")),
    "by package and hash": Way(by("package", "hash")),
    "by compiler first": Way(by("compiler_name", "compiler_version", "package", "version_key")),
    "by variants first": Way(by("variants_text", "package", "version_key")),
    "zstd 1": Way(options={"compression_level": 1}),
    "zstd 9": Way(options={"compression_level": 9}),
    "zstd 19": Way(options={"compression_level": 19}),
    "snappy": Way(options={"compression": "snappy", "compression_level": None}),
    "no compression": Way(options={"compression": "none", "compression_level": None}),
    "hashes as 20 bytes": Way(binary),
    "hashes with a dictionary": Way(options={"use_dictionary": True}),
    "no dictionaries": Way(options={"use_dictionary": False}),
    "without version_key": Way(lambda rows: rows.drop_columns(["version_key"])),
    "row groups of 500": Way(options={"row_group_size": 500}),
    "pages of version 2": Way(options={"data_page_version": "2.0"}),
}


def main() -> None:
    """Print a table of all ways."""
    root = Path(sys.argv[1]) / "current" / "specs"
    files = sorted(root.rglob("*.parquet"))
    partitions = [pq.read_table(path, partitioning=None) for path in files]
    num_specs = sum(rows.num_rows for rows in partitions)
    written = sum(path.stat().st_size for path in files)
    lines = []
    for name, way in WAYS.items():
        arranged = [_arranged(rows, way) for rows in partitions]
        started = time.process_time()
        data = [_encoded(rows, way) for rows in arranged]
        seconds = time.process_time() - started
        size = sum(map(len, data))
        # The first way is the pipeline's own: else nothing here says anything about it.
        if not lines and size != written:
            raise SystemExit(f"the files have {written:,} bytes; written here, {size:,}")
        lines.append((name, f"{size / num_specs:.1f}", f"{size / written:.2f}", f"{seconds:.2f}"))
    groups = max(pq.ParquetFile(path).num_row_groups for path in files)
    print(f"{num_specs:,} specs in {len(files)} files, at most {groups} row groups in each\n")
    print(table(("", "bytes a spec", "÷ as written", "CPU s to write"), lines))
    print(f"\n{table(('column', 'bytes a spec'), _columns(root, num_specs))}")


def _arranged(rows: pa.Table, way: Way) -> pa.Table:
    # Lists cannot be sorted by, their text can.
    text = pa.array([",".join(each) for each in rows["variants"].to_pylist()])
    arranged = way.arrange(rows.append_column("variants_text", text))
    return arranged.drop_columns(["variants_text"])


def _encoded(rows: pa.Table, way: Way) -> bytes:
    repeating = [name for name in rows.column_names if name not in PLAIN]
    ours = {"compression": "zstd", "compression_level": 3, "use_dictionary": repeating}
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, **{**ours, **way.options})
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _columns(root: Path, num_specs: int) -> list[tuple[Any, ...]]:
    return duckdb.execute(
        """
        select
            split_part(path_in_schema, ',', 1) as name,
            format('{:.2f}', sum(total_compressed_size) / $num_specs)
        from parquet_metadata($files)
        group by name
        order by sum(total_compressed_size) desc
        """,
        {"files": f"{root}/**/*.parquet", "num_specs": num_specs},
    ).fetchall()


if __name__ == "__main__":
    main()
