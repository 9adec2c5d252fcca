"""What the explorer may cost, counted: bytes, requests, rows, layouts. `make bench` has times."""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from spack_census.ask import snapshots
from spack_census.site.files import DataFile, data_file
from spack_census.site.index import data_files
from support import site_reader as reader
from support.query_cases import Tables, in_memory
from support.visits import Visit

BYTES = {"index": 10_000, "specs": 150_000, "history": 40_000}
BYTES_A_SPEC = 21
"""Of a file of hashes: 20 that do not compress, in Base64, which nearly does."""
BYTES_AN_EDGE = 2.5


def sent(content: bytes) -> int:
    """Return the bytes that a host which compresses would send."""
    return len(gzip.compress(content, 6))


def test_the_page_and_its_script_are_small(sites: Path) -> None:
    page = (sites / "real" / "index.html").read_bytes()
    script = page[page.index(b"<script>") : page.index(b"</script>")]
    assert sent(page) <= 60_000
    assert sent(script) <= 25_000


def test_the_files_of_data_are_small(sites: Path) -> None:
    for path in (sites / "real" / "data").iterdir():
        kind = path.name.removesuffix(".js").split(".")[-1]
        most = BYTES_A_SPEC * 1_750 if kind == "hashes" else BYTES[kind]
        assert sent(path.read_bytes()) <= most, path


def made(tables: Tables) -> list[DataFile]:
    with in_memory(tables) as con:
        return list(data_files(con, snapshots.listing(con)))


def hashed(number: int) -> str:
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[number >> at & 31] for at in range(0, 160, 5))


def test_an_index_of_a_hundred_snapshots_is_small(sites: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    head = reader.index(reader.site(sites / "real"))
    entries = [
        {
            **head["snapshots"][-1],
            "name": f"develop-2024-{1 + n // 28:02}-{1 + n % 28:02}",
            "date": f"2024-{1 + n // 28:02}-{1 + n % 28:02}",
            "specs": chance.randrange(15_000),
            "files": {
                kind: f"{chance.getrandbits(48):012x}"
                for kind in ("specs", "hashes", "recipes", "deps")
            },
        }
        for n in range(100)
    ]
    shards = [f"{chance.getrandbits(48):012x}" for _ in range(40)]
    index = data_file("index", {**head, "snapshots": entries, "history": shards})
    assert 5_000 < sent(index.content) <= BYTES["index"]


def test_dependencies_cost_little_an_edge() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    specs = [
        {"snapshot": "develop", "package": f"p{n // 5:03}", "hash": hashed(chance.getrandbits(160))}
        for n in range(2_000)
    ]
    kinds: list[Any] = [["build"], ["build", "link"], ["link"], ["build", "run"]]
    edges = [
        {
            "snapshot": "develop",
            "hash": spec["hash"],
            "dependency": other["package"],
            "dependency_hash": other["hash"],
            "deptypes": chance.choice(kinds),
        }
        for spec in specs
        for other in chance.sample(specs, 8)
    ]
    listed = [{"snapshot": "develop", "num_specs": len(specs)}]
    files = made({"specs": specs, "snapshots": listed, "dependencies": edges})
    [deps] = [file for file in files if file.kind == "deps"]
    # Worse than what is there: of real ones, most lead to few packages.
    assert 0.5 * len(edges) < sent(deps.content) <= BYTES_AN_EDGE * len(edges)


def test_three_requests_and_few_rows_until_it_is_ready_then_one_layout_a_choice(
    visit: Visit,
) -> None:
    page = visit.open("")
    asked = [url.removeprefix(f"{visit.base}real/") for url in visit.asked if "data:" not in url]
    kinds = [re.sub(r"[0-9a-f]{12}", "X", url) for url in asked if "about:" not in url]
    assert kinds == ["index.html", "data/index.js?v=X", "data/X.specs.js"]
    assert 20 < page.locator("tbody tr").count() <= 120
    assert page.get_attribute("table.long", "aria-rowcount") == "543"
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def layouts() -> float:
        found = client.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in found}["LayoutCount"]

    # What is said aloud comes late, and is a layout of its own.
    expect(page.locator("#said")).to_have_text("1,673 binaries of 542 packages")
    box = page.locator(".facet").nth(2).locator("input").first
    script = """(box) => new Promise((resolve) => {
        box.click();
        requestAnimationFrame(() => setTimeout(() => resolve(0), 60));
    })"""
    before = layouts()
    box.evaluate(script)
    assert layouts() - before == 1
