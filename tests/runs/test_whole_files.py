"""Files of a run folder are written whole or not at all, and never through a link."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from fjsim.errors import StorageError
from fjsim.runs.folder import write_file


def test_a_file_is_replaced_and_nothing_else_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "metrics.json"
    for content in ("one", b"two"):
        write_file(path, content)
        assert path.read_bytes() in (b"one", b"two")
    assert list(path.parent.iterdir()) == [path]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_half_a_character_is_written_in_its_escaped_form(tmp_path: Path) -> None:
    write_file(tmp_path / "turns.csv", "so \ud83d")
    assert (tmp_path / "turns.csv").read_text() == "so \\ud83d"


def test_a_link_in_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("mine")
    (tmp_path / "metrics.json").symlink_to(tmp_path / "diary")
    write_file(tmp_path / "metrics.json", "ours")
    assert (tmp_path / "diary").read_text() == "mine"
    assert not (tmp_path / "metrics.json").is_symlink()


def test_the_name_of_a_draft_is_never_the_same_and_never_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int]] = []
    plain = os.open

    def watched(path: str | Path, flags: int, *more: int) -> int:
        opened.append((Path(path).name, flags))
        return plain(path, flags, *more)

    monkeypatch.setattr(os, "open", watched)
    for _ in range(3):
        write_file(tmp_path / "metrics.json", "{}")
    assert len({name for name, _ in opened}) == 3
    assert all(flags & os.O_EXCL and flags & os.O_NOFOLLOW for _, flags in opened)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    write_file(tmp_path / "metrics.json", "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(*((os, "fsync", full) if call == "fsync" else (Path, "replace", full)))
        with pytest.raises(StorageError, match="No space left"):
            write_file(tmp_path / "metrics.json", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
    assert (tmp_path / "metrics.json").read_text() == "old"
