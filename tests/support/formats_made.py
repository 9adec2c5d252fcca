"""A dataset of the format that a commit of this project writes, small enough to be kept for ever.

    PYTHONPATH=CHECKOUT/pipeline python tests/support/formats_made.py tests/corpus/formats/NUMBER

run once, when a format is final, with the code of the last commit that writes it: afterwards its
bytes are evidence. Only `spack_census.build` is called, which every version has.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import spack_census as sc

FORMATS = Path(__file__).parent.parent / "corpus" / "formats"
SOURCES = FORMATS / "sources"


def make(dataset: Path) -> None:
    """Build the documents, then the indexes, of `sources/` into a new dataset; keep its end alone.

    What a version holds says nothing of the machine; what lies beside it would.
    """
    for source in ("documents", "indexes"):
        sc.build(SOURCES / source, dataset)
    current = (dataset / "current").readlink().name
    for version in (dataset / "versions").iterdir():
        if version.name != current:
            shutil.rmtree(version)
    for beside in ("LOCK", "fingerprints.json"):
        (dataset / beside).unlink(missing_ok=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
