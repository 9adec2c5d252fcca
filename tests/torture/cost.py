"""What work costs, as a ratio to other work in the same process: no test knows a machine's speed.

The yardstick is what Python's own json needs for an honest document of the largest size, an eighth
of it eight times over. Both are CPU time, the best of a few tries: what else the machine does
lengthens both.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable

from spack_census.documents.limits import LIMITS
from support.documents_made import Spec, document, hash_of

_PART = 8
_TRIES = 3


def cpu_seconds(work: Callable[[], object], tries: int = 1) -> float:
    """Return the CPU time of some work, the least of a few tries."""
    found = []
    for _ in range(tries):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def yardstick() -> float:
    """Return the CPU time of the yardstick, here and now."""
    text = honest_details()
    return _PART * cpu_seconds(lambda: json.loads(text), _TRIES)


@functools.cache
def honest_details() -> str:
    """Return the specs of an honest document, an eighth of the largest, as JSON."""
    one = len(_details(1001)) - len(_details(1000))
    return _details(LIMITS.document_bytes // _PART // one)


def _details(number: int) -> str:
    text = document("zlib", "develop", [Spec(hash=hash_of(index)) for index in range(number)])
    (line,) = [line for line in text.splitlines() if line.startswith("spec_details: ")]
    return line.removeprefix("spec_details: ")
