"""The page's script is its modules, made small: what they do stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spack_census.site import script

SOURCE = """\
const fullTable = (rows) => {
const text = "a fullTable , of { rows }";
return { rows, text, size: rows.length - -1 };
};
function readRows(rows) {
const found = fullTable(
rows,
);
return found.size > 1 ? `${found.size} rows , and readRow` : found["text"];
}
"""


def test_spaces_go_and_names_get_short_but_for_texts_and_properties() -> None:
    assert script.small(SOURCE, ["fullTable", "readRows", "size", "rows"]) == (
        'const fullTable=(rows)=>{const text="a fullTable , of { rows }";'
        "return{rows,text,size:rows.length - -1};};"
        "function A(rows){const found=fullTable(rows);"
        'return found.size > 1 ? `${found.size} rows , and readRow` : found["text"];}\n'
    )


def test_small_modules_do_what_they_did(evaluate: Callable[[str, Any], Any]) -> None:
    names = ["order", "versions", "grammar", "constraint"]
    whole = script.bundle(names)
    declared = {name for module in names for _, name in script._declared(module)}
    small = script.small(whole, declared)
    assert len(small) < 0.9 * len(whole)
    ask = """({ versions, constraint }) => ["1.2rc1", "develop", "1.10"].map(versions.versionKey)
        .concat(constraint.parse("*mpi@1.2: +x", {runs: {}, compilers: {}, virtuals: []})
            .conditions.map((each) => each.text))"""
    before = evaluate(f"({ask})({whole})", None)
    assert evaluate(f"({ask})({small.strip()})", None) == before
    assert len(before) == 6


def test_two_modules_that_declare_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {"main": 'import { a } from "./other.js";\nconst b = a;\n', "other": "const b = 1;\n"}
    monkeypatch.setattr(script, "_module", modules.__getitem__)
    with pytest.raises(ValueError, match=r"other\.js and main\.js both declare b: rename the one"):
        script.script.__wrapped__()
    modules["other"] = 'import { b } from "./main.js";\nexport const a = b;\n'
    with pytest.raises(ValueError, match="import each other: main → other → main"):
        script.script.__wrapped__()
