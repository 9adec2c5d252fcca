"""Files that take the place of others: whole, for certain, and nothing left beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from spack_census.disk import durable, failpoints
from spack_census.errors import CensusError, DatasetError


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for data in (b"one", b"", b"two"):
        durable.replace(path, data, b"!")
        assert path.read_bytes() == data + b"!"
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["create file", "write file", "sync file"])
def test_where_the_disk_fails_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "state.json"
    durable.replace(path, b"old")

    def failing(reached: str) -> None:
        if reached == step:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "reached", failing)
        with pytest.raises(OSError, match="No space left"):
            durable.replace(path, b"new")
    assert path.read_bytes() == b"old"
    # What the failure left beside it is in nobody's way.
    durable.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_error_names_the_file_or_else_the_place(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught, durable.errors(tmp_path, "mend", DatasetError):
        (tmp_path / "no" / "file").read_bytes()
    assert str(caught.value) == f"{tmp_path / 'no' / 'file'}: No such file or directory\n  mend"
    with pytest.raises(CensusError) as other, durable.errors(tmp_path, "mend"):
        raise OSError(5, "Input/output error")
    assert str(other.value) == f"{tmp_path}: Input/output error\n  mend"
