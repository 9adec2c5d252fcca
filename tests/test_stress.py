"""`make stress` tells what is flaky from what is broken."""

from __future__ import annotations

import stress


def test_what_fails_now_and_then_is_flaky_and_what_always_fails_is_broken() -> None:
    passes = [
        stress.Pass(60.4, {"a::x": "passed", "a::y": "failed", "a::z": "failed"}),
        stress.Pass(61.0, {"a::x": "skipped", "a::y": "passed", "a::z": "failed"}),
    ]
    assert stress.table(passes).splitlines() == [
        "| pass | seconds | passed | failed | skipped |",
        "|---:|---:|---:|---:|---:|",
        "| 1 | 60 | 1 | 2 | 0 |",
        "| 2 | 61 | 1 | 1 | 1 |",
        "",
        "- a::y (flaky: failed in 1 of 2)",
        "- a::z (broken: failed in 2 of 2)",
    ]
    assert stress.table(passes[:0]).endswith("Nothing failed in any pass.")
