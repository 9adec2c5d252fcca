"""The rules on losses, doubts and owners alone; `test_losses.py` has whole builds."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spack_census.building import contents, doubts, losses, owners
from spack_census.dataset.layout import OWNERS
from spack_census.disk import durable
from spack_census.errors import RefusedError

OLD, NEW = "develop-2025-01-05", "develop-2025-01-12"
LATE, LAST = "develop-2025-01-19", "develop-2025-01-26"
ASKED = "if that is meant: --replace; to keep both: --as NAME"


def state(num_specs: int = 100, num_documents: int = 100) -> Any:
    return SimpleNamespace(num_specs=num_specs, num_documents=num_documents)


def held(**found: Any) -> Any:
    """Return what the files of a snapshot hold."""
    plain = {"documents": set(), "packages": set(), "hashes": set(), "indexes": {}, **found}
    told = {name: (lambda what=what: what) for name, what in plain.items()}
    return SimpleNamespace(**told, read=told["documents"])


def done(snapshot: str = OLD, **found: Any) -> Any:
    """Return what a task found of a snapshot."""
    own = {
        "documents": set(found.pop("sha256", {}).items()),
        "packages": found.pop("packages", set()),
    }
    plain = {"state": state(), "files": (), "problems": (), "contents": held(**own)}
    return SimpleNamespace(snapshot=snapshot, **{**plain, **found})


def published(*damaged: str, files: tuple[Any, ...] = (), **snapshots: Any) -> Any:
    """Return a version that holds OLD, or these."""
    held = snapshots or {OLD: state()}
    return SimpleNamespace(snapshots=held, damaged=set(damaged), files=files, owner="a")


def file(table: str, path: str, rows: int | None = 7, snapshot: str = OLD) -> Any:
    return SimpleNamespace(table=table, path=path, rows=rows, snapshot=snapshot)


def said(caught: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    """Return an error's lines."""
    return [line.strip() for line in str(caught.value).split("\n")]


# --- owners --------------------------------------------------------------------------------------


def test_owners_are_read_where_they_can_be(tmp_path: Path) -> None:
    assert owners.load(tmp_path) == {}
    for text, known in (('{"a":"/x"}', {"a": "/x"}), ("{]", {}), ("[1]", {}), ('{"a":1}', {})):
        (tmp_path / OWNERS).write_text(text)
        assert owners.load(tmp_path) == known
    (tmp_path / OWNERS).write_bytes(b'{"a":"\xff"}')
    assert owners.load(tmp_path) == {}


def test_owners_are_noted_kept_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners.save(tmp_path, "/mirror", [NEW, OLD], [OLD, NEW])
    text = f'{{"{OLD}":"/mirror","{NEW}":"/mirror"}}\n'
    assert (tmp_path / OWNERS).read_text() == text
    written: list[Path] = []
    replace = durable.replace

    def record(path: Path, content: bytes) -> None:
        written.append(path)
        replace(path, content)

    monkeypatch.setattr(durable, "replace", record)
    # A part of it is no other; nothing is written where nothing is new.
    owners.save(tmp_path, "/mirror/part", [OLD], [OLD, NEW])
    assert written == []
    owners.save(tmp_path, "/", [OLD], [OLD])
    assert json.loads((tmp_path / OWNERS).read_text()) == {OLD: "/"}
    owners.save(tmp_path, "/mirrors", [NEW], [OLD, NEW])
    assert json.loads((tmp_path / OWNERS).read_text()) == {OLD: "/", NEW: "/mirrors"}
    owners.save(tmp_path, "/mirror", [NEW], [OLD, NEW])
    assert owners.load(tmp_path)[NEW] == "/mirror"
    assert written == [tmp_path / OWNERS] * 3


def test_a_snapshot_of_another_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = {("a", "1"), ("b", "2")}
    known = {OLD: held(documents=documents), NEW: held()}
    monkeypatch.setattr(contents, "published", lambda _of, name: known[name])
    owner = tmp_path / "owner"
    (owner / "part").mkdir(parents=True)
    whose = {OLD: str(owner)}
    lost = done(sha256={"x": "1", "y": "3"})
    with pytest.raises(RefusedError) as caught:
        owners.refuse([done(NEW), lost], published(), "/elsewhere", whose)
    assert said(caught) == [
        "/elsewhere would replace snapshots of another source",
        f"{OLD} is of {owner}",
        "if that is meant: --replace; to keep both: --as NAME",
    ]
    # Nothing is lost, nothing is known of it, it is new, damaged, of a source that is no more.
    owners.refuse([done(sha256={"x": "2", "y": "1"})], published(), "/elsewhere", whose)
    owners.refuse([lost], published(), "/elsewhere", {})
    owners.refuse([lost], published(**{NEW: state()}), "/elsewhere", whose)
    owners.refuse([lost], published(OLD), "/elsewhere", whose)
    owners.refuse([lost], published(), "/elsewhere", {OLD: str(tmp_path / "gone")})
    # A folder and what lies in it are one source.
    owners.refuse([lost], published(), str(owner / "part"), whose)
    owners.refuse([lost], published(), str(tmp_path), whose)
    owners.refuse([lost], published(), str(owner), whose)


def test_each_that_is_taken_is_looked_at_and_five_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "published", lambda of, name: held(documents={(of.owner, name)}))
    names = [f"v0.{n}" for n in range(8)]
    version = published(names[1], **{name: state() for name in names[:-1]})
    found = [done(names[7]), done(names[1]), *map(done, (*names[:1], *names[2:7]))]
    with pytest.raises(RefusedError) as caught:
        owners.refuse(found, version, "/else", dict.fromkeys(names, str(tmp_path)))
    named = [f"{name} is of {tmp_path}" for name in (names[0], *names[2:6])]
    assert said(caught)[1:-1] == named


# --- doubts --------------------------------------------------------------------------------------


def of(name: str, num_specs: int) -> Any:
    return done(name, state=state(num_specs))


def test_only_what_is_new_may_be_held() -> None:
    assert not doubts.may_be_held(of(OLD, 0), {OLD: 1})
    assert doubts.may_be_held(of(NEW, 0), {})
    assert doubts.may_be_held(of(NEW, 0), {"v0.22": 1})
    assert doubts.may_be_held(of(NEW, 9), {OLD: 1})
    assert not doubts.may_be_held(of(NEW, 9), {"v0.22": 1})
    assert not doubts.may_be_held(of(NEW, 9), {})


def test_less_than_half_is_held_back() -> None:
    reason = "1,049 specs, where develop-2025-01-05 has 2,100"
    assert doubts.held_back([of(NEW, 1_049)], {OLD: 2_100}) == {NEW: reason}
    assert doubts.held_back([of(NEW, 1_050)], {OLD: 2_100}) == {}
    assert doubts.held_back([of(NEW, 0)], {OLD: 2_100}) == {NEW: "it has no spec"}
    assert doubts.held_back([of(NEW, 0)], {}) == {NEW: "it has no spec"}
    assert doubts.held_back([of(OLD, 1)], {OLD: 2_100}) == {}


def test_each_is_held_to_the_last_that_was_taken() -> None:
    found = [of(LAST, 9), of(NEW, 4), of(LATE, 19)]
    held = doubts.held_back(found, {OLD: 20})
    assert held == {NEW: f"4 specs, where {OLD} has 20", LAST: f"9 specs, where {LATE} has 19"}
    # One that is published stands between them.
    assert doubts.held_back([of(LATE, 3)], {OLD: 20, NEW: 6}) == {}


def test_what_is_older_than_all_is_taken_as_it_comes() -> None:
    assert doubts.held_back([of(OLD, 1)], {NEW: 20}) == {}


def test_a_series_that_begins_and_names_without_an_order_are_taken_as_they_come() -> None:
    assert doubts.held_back([of(OLD, 9), of(NEW, 1)], {"v0.22": 20}) == {}
    assert doubts.held_back([of("mine-2", 1)], {"mine-1": 20}) == {}
    assert doubts.held_back([of("v0.22", 1), of(NEW, 1)], {"v0.21": 20}) == {
        "v0.22": "1 specs, where v0.21 has 20"
    }


def test_a_dataset_of_nothing_else_is_refused() -> None:
    held = {f"v0.{number}": f"reason {number}" for number in range(6)}
    with pytest.raises(RefusedError) as caught:
        doubts.refuse(held)
    assert said(caught) == [
        "all that the source holds is held back",
        *(f"v0.{number}: reason {number}" for number in range(5)),
        "to take it all the same: --allow-partial",
    ]


# --- losses --------------------------------------------------------------------------------------


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what was published, and what was found, to be changed by a test."""
    known: dict[str, Any] = {
        "packages": {f"p{n:02}" for n in range(20)},
        "hashes": {f"h{n:03}" for n in range(100)},
        "found": {f"h{n:03}" for n in range(100)},
        "indexes": {},
    }

    def told(version: Any, name: str) -> Any:
        assert name in version.snapshots
        return held(**{what: known[what] for what in ("packages", "hashes", "indexes")})

    monkeypatch.setattr(contents, "published", told)
    return known


def lost(found: Any, version: Any, before: dict[str, Any]) -> list[str]:
    """Return the losses that an error names, none where there is no error."""
    found.contents.hashes = lambda: before["found"]
    try:
        losses.refuse([done("v9"), found], version)
    except RefusedError as error:
        lines = [line.strip() for line in str(error).split("\n")]
        assert lines[0] == "the build would drop what a snapshot holds"
        assert lines[-1] == ASKED
        return lines[1:-1]
    return []


def test_more_than_a_tenth_of_the_packages(before: dict[str, Any]) -> None:
    whole = before["packages"]
    assert lost(done(packages=whole), published(), before) == []
    assert lost(done(packages=whole - {"p01", "p02"}), published(), before) == []
    few = whole - {f"p{n:02}" for n in range(6)}
    assert lost(done(packages=few), published(), before) == [
        f"{OLD}: 6 of 20 packages would go: p00, p01, p02, p03, p04, …"
    ]
    few = whole - {f"p{n:02}" for n in range(5)}
    named = f"{OLD}: 5 of 20 packages would go: p00, p01, p02, p03, p04"
    assert lost(done(packages=few), published(), before) == [named]
    gone = whole - {"p07", "p05", "p06"}
    named = f"{OLD}: 3 of 20 packages would go: p05, p06, p07"
    assert lost(done(packages=gone), published(), before) == [named]
    # Of one that is new, nothing can go.
    assert lost(done(packages=set()), published(**{NEW: state(0, 0)}), before) == []


def test_more_than_a_tenth_of_the_hashes(before: dict[str, Any]) -> None:
    same = done(packages=before["packages"])
    before["found"] = {f"h{n:03}" for n in range(10, 120)}
    assert lost(same, published(), before) == []
    before["found"] = {f"h{n:03}" for n in range(11, 130)}
    assert lost(same, published(), before) == [f"{OLD}: 11 of 100 specs would go"]


def test_what_is_built_anew_is_told_by_its_number(before: dict[str, Any]) -> None:
    before["found"] = set()
    version = published(develop=state(2_000))
    fewer = done("develop", packages=before["packages"], state=state(1_800))
    assert lost(fewer, version, before) == []
    fewer.state.num_specs = 1_799
    assert lost(fewer, version, before) == ["develop: 201 of 2,000 specs would go"]


def test_of_a_damaged_snapshot_the_numbers_tell(before: dict[str, Any]) -> None:
    before["found"] = set()
    damaged = published(OLD, **{OLD: state(100, 2_000)})
    assert lost(done(state=state(90, 1_800)), damaged, before) == []
    assert lost(done(state=state(90, 1_799)), damaged, before) == [
        f"{OLD}: 1,799 documents instead of 2,000"
    ]
    assert lost(done(state=state(89, 1_800)), damaged, before) == [
        f"{OLD}: 11 of 100 specs would go"
    ]


def test_all_of_a_target(before: dict[str, Any]) -> None:
    path = "specs/platform={}/target={}/snapshot=x/part-0.parquet".format
    held = (
        file("specs", path("linux", "zen4"), 1_200),
        file("specs", path("linux", "zen5"), 1),
        file("specs", path("darwin", "zen4"), None),
        file("specs", path("cray", "zen2"), 9, NEW),
        file("documents", "documents/snapshot=x/a/part-0.parquet"),
    )
    same = {"packages": before["packages"]}
    assert lost(done(files=(*held[:3], held[4]), **same), published(files=held), before) == []
    assert lost(done(files=(held[4],), **same), published(files=held), before) == [
        f"{OLD}: all of linux/zen4 would go: 1,200 specs",
        f"{OLD}: all of linux/zen5 would go: 1 spec",
        f"{OLD}: all of darwin/zen4 would go: 0 specs",
    ]


def test_an_index_that_is_named_no_more(before: dict[str, Any]) -> None:
    before["indexes"] = {"gpu": 1_200, "ml": 1, "e4s": 3, "aws": 2, "hep": 0, "tools": 4, "x": 5}
    has = {f"{OLD}/gpu": "1", f"{OLD}/ml": "2"}
    found = done(sha256=has, problems=((f"{OLD}/e4s", "broken"),))
    with pytest.raises(RefusedError) as caught:
        losses.refuse_indexes([done(NEW), found], published())
    assert said(caught) == [
        "the build would leave out indexes that a snapshot was built from",
        f"{OLD}: 4 indexes: aws (2 specs), hep (0 specs), tools (4 specs), x (5 specs)",
        "if that is meant: --allow-partial or --replace; to keep both: --as NAME",
    ]
    before["indexes"] = {"ml": 1, "gpu": 1}
    with pytest.raises(RefusedError, match=r": 1 index: gpu \(1 spec\)\n"):
        losses.refuse_indexes([done(sha256={f"{OLD}/ml": "2"})], published())
    losses.refuse_indexes([done(sha256=has)], published())
    losses.refuse_indexes([done()], published(OLD))
    losses.refuse_indexes([done()], published(**{NEW: state()}))


def test_what_pruning_would_remove() -> None:
    states = {f"v0.{n}": state(1_000 * n) for n in range(10)}
    losses.refuse_prune([], states)
    losses.refuse_prune(["v0.1"], states)
    with pytest.raises(RefusedError) as caught:
        losses.refuse_prune(["v0.1", "v0.2"], states)
    assert said(caught) == [
        "--prune would remove 2 of 10 snapshots with 3,000 specs",
        "they are: v0.1, v0.2",
        "if that is meant: --prune --replace",
    ]
    with pytest.raises(RefusedError, match="remove 2 of 40 snapshots"):
        losses.refuse_prune(["v0.1", "v0.2"], {f"v0.{n}": state() for n in range(40)})
    del states["v0.9"]
    with pytest.raises(RefusedError, match="remove 1 of 9 snapshots with 1,000 specs"):
        losses.refuse_prune(["v0.1"], states)
    with pytest.raises(RefusedError, match=r"are: v0.0, v0.1, v0.2, v0.3, v0.4, …"):
        losses.refuse_prune(list(states)[:6], states)
