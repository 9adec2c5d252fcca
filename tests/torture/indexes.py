"""Build cache indexes to fuzz: rejected, or the rows of the plain reader."""

from __future__ import annotations

import gzip
import json
import re
from decimal import Decimal
from pathlib import Path

import msgspec

from spack_census.documents import indexes
from spack_census.documents.records import Record, Rejected
from support import naive_index

_V2 = Path(__file__).parents[1] / "corpus" / "buildcache" / "v2"
_COLUMNS = ("package", "version", "compiler_name", "compiler_version", "platform", "os", "target")
_PLAIN_VARIANT = re.compile(r"""[~+]?[\w-]+(=[^=:"']*)?""")


def seeds() -> list[bytes]:
    """Return indexes of a few real specs each."""
    return [_small("develop-2024-06-02", 4), _small("develop-2024-06-09", 6)]


def _small(snapshot: str, count: int) -> bytes:
    path = _V2 / snapshot / "build_systems" / "build_cache" / "index.json.gz"
    value = json.loads(gzip.decompress(path.read_bytes()))
    installs = value["database"]["installs"]
    value["database"]["installs"] = dict(list(installs.items())[:count])
    return json.dumps(value).encode()


def check(data: bytes) -> str:
    """Read an index; demand the plain reader's rows of what was accepted."""
    try:
        decoded = indexes.decode(data)
    except Rejected as rejected:
        problem = rejected.problem
    else:
        problem = None
    if problem is not None:
        assert problem.message
        assert problem.remedy
        return "rejected"
    found = list(indexes.records(decoded, dict.fromkeys(decoded.held, ()), decoded.held))
    # Python refuses to make an int of as many digits as a mutation may write.
    installs = json.loads(data, parse_int=Decimal)["database"]["installs"]
    assert len(found) == sum(bool(record.get("in_buildcache")) for record in installs.values())
    records = [one for one in found if isinstance(one, Record)]
    for record in records:
        ours = msgspec.structs.asdict(record)
        theirs = naive_index.row(installs[record.hash]["spec"], record.hash, installs)
        wrong = {name: ours[name] for name in _COLUMNS if ours[name] != theirs[name]}
        assert not wrong, f"{wrong}, not {theirs}"
        # The plain reader knows no quotes, nor names and values that hold `=`.
        if all(map(_PLAIN_VARIANT.fullmatch, theirs["variants"])):
            assert list(record.variants) == theirs["variants"], theirs["variants"]
    return "accepted" if len(records) == len(found) else "accepted in part"
