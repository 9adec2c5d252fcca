"""Archives as a source: the bytes of the folder, and nothing that a hostile one could do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import spack_census as sc
from spack_census.dataset.layout import pin
from spack_census.documents.limits import LIMITS, Limits
from spack_census.errors import SourceError
from spack_census.sources import archive, recognise, tar
from spack_census.sources.archive import Archive
from support.documents_made import Spec, document, hash_of, write_document

Reader = Callable[[Path, str], list[dict[str, Any]]]
TARS = ("tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for package in ("cmake", "zlib"):
        for snapshot in ("develop-2025-01-05", "v1.0.0"):
            specs = [Spec(hash=hash_of((package, snapshot)))]
            write_document(folder, package, snapshot, specs)
    (folder / "README.md").write_text("no document")
    (folder / "notes.json").write_text("{}")
    return folder


def compressed(data: bytes, kind: str) -> bytes:
    match kind.rpartition(".")[2]:
        case "zst":
            packed = pa.Codec("zstd").compress(data, asbytes=True)
            assert isinstance(packed, bytes)
            return packed
        case "xz":
            return lzma.compress(data)
        case "gz":
            return gzip.compress(data)
        case "bz2":
            return bz2.compress(data)
    return data


def tar_of(folder: Path, kind: str = "tar", prefix: str = ".") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        made.add(folder, prefix)
    return compressed(stream.getvalue(), kind)


def zip_of(folder: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, path.relative_to(folder))
    return stream.getvalue()


def tar_with(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for header, data in members:
            header.size = len(data)
            made.addfile(header, io.BytesIO(data))
    return stream.getvalue()


def good(name: str = "zlib.md", package: str = "zlib") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), document(package, "v1.0.0", [Spec()]).encode()


def write(tmp_path: Path, data: bytes, name: str = "documents.tar") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def files_of(dataset: Path) -> dict[str, bytes]:
    version = pin(dataset)
    paths = [path for path in version.rglob("*.parquet") if "snapshots" not in path.parts]
    return {str(path.relative_to(version)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("kind", [*TARS, "zip"])
def test_every_form_gives_the_bytes_of_the_folder(
    source: Path, tmp_path: Path, dataset: Path, kind: str
) -> None:
    data = zip_of(source) if kind == "zip" else tar_of(source, kind)
    path = write(tmp_path, data, "documents")  # the name is no part of what it is
    result = sc.build(path, dataset)
    sc.build(source, tmp_path / "other")
    assert files_of(dataset) == files_of(tmp_path / "other")
    assert (result.num_skipped, result.totals.documents_seen) == (1, 4)
    assert {row.source for row in result.manifest.snapshots.values()} == {"archive"}


def test_the_shipped_documents_give_the_bytes_of_the_folder(
    documents_folder: Path, shipped: Path, tmp_path: Path, dataset: Path
) -> None:
    sc.build(write(tmp_path, tar_of(documents_folder, "tar.zst")), dataset)
    assert files_of(dataset) == files_of(shipped)


@pytest.mark.parametrize("kind", TARS)
def test_joined_streams_are_read_to_the_end(source: Path, tmp_path: Path, kind: str) -> None:
    data = tar_of(source)
    half = len(data) // 2
    joined = compressed(data[:half], kind) + compressed(data[half:], kind)
    assert len(list(Archive(write(tmp_path, joined)).entries())) == 5


def test_xz_streams_may_have_zeros_between_them(source: Path, tmp_path: Path) -> None:
    data = tar_of(source)
    zeros = bytes(4 * 600_000)
    joined = lzma.compress(data[:5000]) + zeros + lzma.compress(data[5000:]) + zeros
    assert len(list(Archive(write(tmp_path, joined)).entries())) == 5


def test_a_second_build_publishes_nothing_and_a_changed_member_is_seen(
    source: Path, tmp_path: Path, dataset: Path
) -> None:
    path = write(tmp_path, tar_of(source))
    assert sc.build(path, dataset).published
    assert not sc.build(path, dataset).published
    write_document(source, "zlib", "v1.0.0", [Spec(version="9")])
    write(tmp_path, tar_of(source))
    statuses = {o.snapshot: o.status for o in sc.build(path, dataset, replace=True).outcomes}
    assert statuses == {"develop-2025-01-05": "unchanged", "v1.0.0": "changed"}


def test_an_archive_is_not_sent_to_other_processes(
    source: Path, tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", None)
    assert sc.build(write(tmp_path, tar_of(source)), dataset, jobs=2).published


def test_a_document_of_another_name_and_a_snapshot_by_hand(tmp_path: Path, dataset: Path) -> None:
    path = write(tmp_path, tar_with(good("loose.data")))
    result = sc.build(path, dataset, rename="v2")
    assert [outcome.snapshot for outcome in result.outcomes] == ["v2"]


def _tar_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


HOSTILE = {
    "absolute": (_tar_member("/tmp/evil.md"), "unsafe-name"),
    "parents": (_tar_member("../../evil.md"), "unsafe-name"),
    "inner parents": (_tar_member("a/../../evil.md"), "unsafe-name"),
    "link out": (_tar_member("evil.md", tarfile.SYMTYPE, "/etc/passwd"), "not-regular-file"),
    "hard link": (_tar_member("evil.md", tarfile.LNKTYPE, "zlib.md"), "not-regular-file"),
    "device": (_tar_member("evil.md", tarfile.CHRTYPE), "not-regular-file"),
    "pipe": (_tar_member("evil.md", tarfile.FIFOTYPE), "not-regular-file"),
    "twice": (_tar_member("./zlib.md"), "duplicate-document"),
    "not UTF-8": (_tar_member("evil-\udce9.md"), "unsafe-name"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_member_is_a_reject_beside_good_ones(
    tmp_path: Path, dataset: Path, read_rows: Reader, case: str
) -> None:
    header, reason = HOSTILE[case]
    data = good()[1] if header.isreg() else b""
    path = write(tmp_path, tar_with(good(), (header, data), good("cmake.md", "cmake")))
    before = {each for each in tmp_path.rglob("*") if not each.is_relative_to(dataset)}
    sc.build(path, dataset)
    assert [row["reason"] for row in read_rows(dataset, "rejects")] == [reason]
    assert {row["package"] for row in read_rows(dataset, "specs")} == {"cmake", "zlib"}
    after = {each for each in tmp_path.rglob("*") if not each.is_relative_to(dataset)}
    assert before == after


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("/evil.md", 0, "unsafe-name"),
        ("../evil.md", 0, "unsafe-name"),
        ("evil.md", stat.S_IFLNK | 0o777, "not-regular-file"),
        ("./zlib.md", 0, "duplicate-document"),
    ],
)
def test_a_hostile_member_of_a_zip_is_a_reject(
    tmp_path: Path, dataset: Path, read_rows: Reader, name: str, mode: int, reason: str
) -> None:
    path = tmp_path / "documents.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("zlib.md", good()[1])
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        made.writestr(info, "/etc/passwd")
    sc.build(path, dataset)
    assert [row["reason"] for row in read_rows(dataset, "rejects")] == [reason]
    assert len(read_rows(dataset, "specs")) == 1


def cuts(data: bytes) -> Iterator[int]:
    """Yield where to cut an archive short: in the headers, in the contents, near the end."""
    yield from (1, 100, 300, 511, 512, 513, 700, len(data) // 2, len(data) - 1)


@pytest.mark.parametrize("kind", [*TARS, "zip"])
def test_an_archive_that_is_cut_short_is_an_error_and_publishes_nothing(
    source: Path, tmp_path: Path, dataset: Path, kind: str
) -> None:
    data = zip_of(source) if kind == "zip" else tar_of(source, kind)
    if kind == "tar":
        # A plain archive is complete with the first block of zeros; what follows is padding.
        data = data.rstrip(b"\0") + bytes(512)
    for size in cuts(data):
        path = write(tmp_path, data[:size], f"documents.{kind}")
        with pytest.raises(SourceError) as caught:
            sc.build(path, dataset)
        assert caught.value.next_steps
    assert not (dataset / "current").exists()


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_flipped_bit_is_an_error(source: Path, tmp_path: Path, dataset: Path, kind: str) -> None:
    data = bytearray(tar_of(source, kind))
    data[len(data) // 2] ^= 4
    with pytest.raises(SourceError, match="is broken"):
        sc.build(write(tmp_path, bytes(data)), dataset)
    assert not (dataset / "current").exists()


def test_a_broken_header_is_no_end(source: Path, tmp_path: Path) -> None:
    data = bytearray(tar_of(source))
    at = data.index(b"zlib/specs.md")
    data[at] ^= 1
    with pytest.raises(SourceError, match="is broken"):
        list(Archive(write(tmp_path, bytes(data))).entries())


def test_a_negative_size_leads_nowhere(tmp_path: Path) -> None:
    # A size in base 256: all bits set is minus one.
    header = bytearray(_tar_member("zlib.md").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(SourceError, match="is broken"):
        list(Archive(write(tmp_path, bytes(header) + bytes(1024))).entries())


def test_headers_without_end_are_an_error(tmp_path: Path) -> None:
    data = b"".join(
        _long_name(block) for block in (_tar_member("x", tarfile.GNUTYPE_LONGNAME),) * 5000
    )
    with pytest.raises(SourceError, match="is broken"):
        list(Archive(write(tmp_path, data)).entries())


def _long_name(header: tarfile.TarInfo) -> bytes:
    header.size = 10
    return header.tobuf(tarfile.GNU_FORMAT) + b"long.md\0".ljust(512, b"\0")


def test_an_encrypted_zip_is_an_error(tmp_path: Path) -> None:
    data = bytearray(zip_of(_folder(tmp_path)))
    central = data.index(b"PK\x01\x02")
    for flag in (6, central + 8):
        data[flag] |= 1
    with pytest.raises(SourceError, match="encrypted"):
        list(Archive(write(tmp_path, bytes(data), "x.zip")).entries())


def test_a_zip_that_lies_about_a_size_is_an_error(tmp_path: Path) -> None:
    data = bytearray(zip_of(_folder(tmp_path)))
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 20)
    with pytest.raises(SourceError, match="is broken"):
        list(Archive(write(tmp_path, bytes(data), "x.zip")).entries())


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "zlib.md").write_bytes(good()[1])
    return folder


def limit(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    values = {name: getattr(LIMITS, name) for name in LIMITS.__dataclass_fields__} | limits
    for module in (archive, tar, archive.files):
        monkeypatch.setattr(module, "LIMITS", Limits(**values))


@pytest.mark.parametrize("kind", [*TARS, "zip"])
@pytest.mark.parametrize(
    ("bound", "told"),
    [
        ({"archive_bytes": 2000}, "unpacks to more than 2,000 bytes"),
        ({"archive_members": 2}, "more than 2 members"),
        ({"archive_kept_bytes": 100}, "do not fit into memory"),
    ],
)
def test_what_an_archive_costs_is_bounded(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    bound: dict[str, int],
    told: str,
) -> None:
    path = write(tmp_path, zip_of(source) if kind == "zip" else tar_of(source, kind))
    limit(monkeypatch, **bound)
    with pytest.raises(SourceError, match=told) as caught:
        list(Archive(path).entries())
    assert "unpack it and build the folder" in "".join(caught.value.next_steps)


def test_a_document_larger_than_any_is_a_reject_and_not_read(
    tmp_path: Path, dataset: Path, read_rows: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, document_bytes=10_000)
    large = (tarfile.TarInfo("large.md"), bytes(20_000))
    other = (tarfile.TarInfo("large.bin"), bytes(20_000))
    result = sc.build(write(tmp_path, tar_with(large, other, good())), dataset)
    assert [row["reason"] for row in read_rows(dataset, "rejects")] == ["too-large"]
    assert result.num_skipped == 1


_ZEROS = 150
"""Megabytes of them in a bomb: more than any document may have, and than there is room for."""
_ROOM = 100
"""Megabytes of address space that reading may take."""
_BOUNDED = """
import resource, sys
from pathlib import Path
import pyarrow
from spack_census.errors import SourceError
from spack_census.sources.archive import Archive
kilobytes = int(Path("/proc/self/status").read_text().partition("VmSize:")[2].split()[0])
room = kilobytes * 1024 + int(sys.argv[2]) * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (room, room))
try:
    print(len(list(Archive(Path(sys.argv[1])).entries())), "entries")
except SourceError as error:
    print(error)
"""


class _Zstd:
    """A zstd file that is written as the others are."""

    def __init__(self, path: Path) -> None:
        self._stream = pa.output_stream(str(path), compression="zstd")

    def __enter__(self) -> Any:
        return self._stream

    def __exit__(self, *_: object) -> None:
        self._stream.close()


_PACKERS: dict[str, Callable[[Path], Any]] = {
    "tar.gz": partial(gzip.open, mode="wb", compresslevel=1),
    "tar.xz": partial(lzma.open, mode="wb", preset=0),
    "tar.bz2": partial(bz2.open, mode="wb", compresslevel=1),
    "tar.zst": _Zstd,
}
_ZIP_PACKERS = {
    "zip": zipfile.ZIP_DEFLATED,
    "zip bzip2": zipfile.ZIP_BZIP2,
    "zip lzma": zipfile.ZIP_LZMA,
}


def _zip_bomb(path: Path, method: int, claimed: int | None = None) -> None:
    """Write a zip of zeros that may claim to have fewer of them."""
    with (
        zipfile.ZipFile(path, "w", method, compresslevel=1) as made,
        made.open("zeros.md", "w") as member,
    ):
        for _ in range(_ZEROS if method == zipfile.ZIP_DEFLATED else 20):
            member.write(bytes(1024 * 1024))
    if claimed is not None:
        data = bytearray(path.read_bytes())
        struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, claimed)
        path.write_bytes(data)


def _tar_bomb(path: Path, kind: str, header: bytes) -> None:
    with _PACKERS[kind](path) as file:
        file.write(header)
        for _ in range(_ZEROS):
            file.write(bytes(1024 * 1024))
        file.write(bytes(1024))


def _large(kind: bytes) -> bytes:
    header = _tar_member("zeros.md", kind)
    header.size = _ZEROS * 1024 * 1024
    return header.tobuf(tarfile.GNU_FORMAT)


def _read_bounded(path: Path) -> str:
    command = [sys.executable, "-c", _BOUNDED, str(path), str(_ROOM)]
    environment = {**os.environ, "PYTHONPATH": str(Path(sc.__file__).parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", _PACKERS)
def test_a_bomb_of_zeros_takes_no_memory(tmp_path: Path, kind: str) -> None:
    _tar_bomb(tmp_path / "bomb", kind, _large(tarfile.REGTYPE))
    assert _read_bounded(tmp_path / "bomb") == "1 entries\n"


@pytest.mark.parametrize(
    "kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE]
)
def test_a_header_of_zeros_takes_no_memory(tmp_path: Path, kind: bytes) -> None:
    _tar_bomb(tmp_path / "bomb", "tar.zst", _large(kind))
    assert "the headers of one member take more than" in _read_bounded(tmp_path / "bomb")


@pytest.mark.parametrize("kind", _ZIP_PACKERS)
def test_a_zip_bomb_takes_no_memory(tmp_path: Path, kind: str) -> None:
    _zip_bomb(tmp_path / "bomb.zip", _ZIP_PACKERS[kind])
    said = _read_bounded(tmp_path / "bomb.zip")
    assert said.startswith("1 entries" if kind == "zip" else f"{tmp_path}/bomb.zip: 'zeros.md' is")


def test_a_zip_bomb_that_claims_to_be_small_takes_no_memory(tmp_path: Path) -> None:
    _zip_bomb(tmp_path / "bomb.zip", zipfile.ZIP_DEFLATED, claimed=20)
    assert "is broken" in _read_bounded(tmp_path / "bomb.zip")


def test_pax_numbers_of_thousands_of_digits_are_an_error(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as made:
        header, data = good()
        header.pax_headers = {"size": "9" * 5000}
        header.size = len(data)
        made.addfile(header, io.BytesIO(data))
    with pytest.raises(SourceError, match="is broken"):
        list(Archive(write(tmp_path, stream.getvalue())).entries())


def test_an_xz_file_that_asks_for_gigabytes_of_memory_is_an_error(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20, "preset": 0}]
    data = bytearray(lzma.compress(tar_with(good()), filters=filters))
    # The block's header: the size of the dictionary, and the sum over the header.
    data[12 + 4] = 40
    data[12 + 8 : 12 + 12] = struct.pack("<I", zlib.crc32(bytes(data[12:20])))
    with pytest.raises(SourceError, match="Memory usage limit"):
        list(Archive(write(tmp_path, bytes(data))).entries())


def test_what_is_no_archive_is_no_archive(source: Path, tmp_path: Path) -> None:
    assert not isinstance(recognise(source), Archive)
    assert not isinstance(recognise(write(tmp_path, good()[1], "zlib.md")), Archive)
    assert isinstance(recognise(write(tmp_path, b"", "empty.tar")), Archive)
    with pytest.raises(SourceError, match="is broken"):
        list(recognise(tmp_path / "empty.tar").entries())
