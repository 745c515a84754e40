"""Bounded disk space that never stands still."""

from __future__ import annotations

import errno
import gc
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from singer_amazon.documents.spool import Spool, SpoolClosedError, SpoolFile
from singer_amazon.errors import ConfigError, StorageError

SOON = 5.0


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(str(tmp_path / "spool"), max_bytes=1000)
    yield spool
    for file in list(spool._files):
        file.discard()
    spool.close()


def written(spool: Spool, size: int) -> SpoolFile:
    file = spool.create()
    for _ in range(size // 100):
        file.write(b"x" * 100)
    file.finish()
    return file


def blocked(pool: ThreadPoolExecutor, spool: Spool, size: int) -> Future[SpoolFile]:
    """Begin a document that has to wait."""
    future = pool.submit(written, spool, size)
    wait([future], timeout=0.05)
    assert not future.done()
    return future


def test_what_is_written_is_there_until_it_is_discarded(spool: Spool) -> None:
    file = spool.create()
    file.write(b"one ")
    file.write(b"two")
    file.finish()
    assert file.path.read_bytes() == b"one two"
    assert (file.size, spool.used, file.is_complete) == (7, 7, True)
    file.discard()
    file.discard()
    assert spool.used == 0
    assert not file.path.exists()


def test_a_document_that_starts_over_gives_its_room_back(spool: Spool) -> None:
    file = spool.create()
    file.write(b"x" * 900)
    file.restart()
    assert (file.size, spool.used) == (0, 0)
    file.write(b"again")
    file.finish()
    assert file.path.read_bytes() == b"again"


def test_a_document_of_any_size_is_let_in(spool: Spool) -> None:
    file = written(spool, 5000)
    assert spool.used == 5000
    assert not spool.has_space()
    file.discard()
    assert spool.has_space()


def test_a_download_makes_sense_while_there_is_room(spool: Spool) -> None:
    assert spool.has_space(expected_bytes=10**9)
    written(spool, 600)
    assert spool.has_space()
    assert spool.has_space(expected_bytes=300)
    assert not spool.has_space(expected_bytes=400)


def test_a_writer_waits_until_the_oldest_document_is_gone(spool: Spool) -> None:
    first = written(spool, 800)
    with ThreadPoolExecutor(1) as pool:
        waiting = blocked(pool, spool, 900)
        assert spool.used <= spool.max_bytes
        first.discard()
        assert waiting.result(SOON).size == 900


def test_the_oldest_document_never_waits_for_younger_ones(spool: Spool) -> None:
    oldest = spool.create()
    written(spool, 1000)
    with ThreadPoolExecutor(1) as pool:
        waiting = blocked(pool, spool, 300)
        for _ in range(30):
            oldest.write(b"x" * 100)
        oldest.finish()
        assert not waiting.done()
        oldest.discard()
        wait([waiting], timeout=0.05)
        assert not waiting.done()
        spool._files[0].discard()
        waiting.result(SOON)


def test_many_writers_keep_the_bound_and_all_get_through(spool: Spool) -> None:
    """The bound may be passed by the oldest document alone."""
    sizes = [100, 300, 2500, 700, 900, 100, 1500, 400] * 4
    todo: SimpleQueue[int] = SimpleQueue()
    for size in sizes:
        todo.put(size)
    most = complete = 0

    def download() -> None:
        with suppress(Empty):
            while True:
                written(spool, todo.get_nowait())

    writers = [threading.Thread(target=download) for _ in range(6)]
    for writer in writers:
        writer.start()
    opened = threading.Event()
    while complete < len(sizes):
        with spool._changed:
            files = list(spool._files)
            oldest = files[0].size if files else 0
            assert spool.used == sum(file.size for file in files)
            most = max(most, spool.used - oldest)
        ready = [file for file in files if file.is_complete]
        for file in ready:
            file.discard()
        complete += len(ready)
        opened.wait(0.001)
    for writer in writers:
        writer.join(SOON)
        assert not writer.is_alive()
    assert most <= spool.max_bytes
    assert spool.used == 0


def test_the_folder_is_private_and_removed(spool: Spool, tmp_path: Path) -> None:
    file = written(spool, 100)
    folder = file.path.parent
    assert folder.parent == tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    spool.create().write(b"half")
    spool.close()
    assert list((tmp_path / "spool").iterdir()) == []
    spool.close()
    file.discard()


def test_a_spool_that_nobody_closes_goes_with_its_owner(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), 1000)
    file = written(spool, 100)
    assert file.path.exists()
    del spool, file
    gc.collect()
    assert list((tmp_path / "spool").iterdir()) == []


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), 1000)
    spool.close()
    assert not (tmp_path / "spool").exists()


def test_the_end_of_the_run_releases_everybody(spool: Spool) -> None:
    written(spool, 1000)
    file = spool.create()
    with ThreadPoolExecutor(2) as pool:
        waiting = [blocked(pool, spool, 500) for _ in range(2)]
        spool.close()
        for future in waiting:
            with pytest.raises(SpoolClosedError):
                future.result(SOON)
    with pytest.raises(SpoolClosedError):
        spool.create()
    with pytest.raises(SpoolClosedError):
        file.write(b"more")


# --- disks that refuse -----------------------------------------------------


class FullDisk:
    """A file on a disk without space."""

    def write(self, _: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_named_with_what_to_do(spool: Spool) -> None:
    file = spool.create()
    file._file.close()
    file._file = FullDisk()  # type: ignore[assignment]  # all that is used of a file
    for is_write in (True, False):
        with pytest.raises(StorageError) as caught:
            file.write(b"x") if is_write else file.finish()
        assert str(file.path.parent) in str(caught.value)
        assert "No space left on device" in str(caught.value)
        assert "spool_dir" in str(caught.value)
    file.discard()
    assert spool.used == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    spool = Spool(str(tmp_path / "file" / "spool"), 1000)
    with pytest.raises(StorageError, match=r"file/spool \(Not a directory\)"):
        spool.create()
    spool.close()


# --- what a killed run leaves on the disk is removed by the next one -----------

KILLED = """
import os, signal, sys
from singer_amazon.documents.spool import Spool
file = Spool(sys.argv[1], 1000).create()
file.write(b"x" * 100)
os.kill(os.getpid(), signal.SIGKILL)
"""


def folders(parent: Path) -> list[Path]:
    return list(parent.glob("amazon-spool-*"))


def test_the_folder_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = folders(tmp_path)

    spool = Spool(str(tmp_path), 1000)
    spool.create().finish()

    assert left not in folders(tmp_path)
    assert len(folders(tmp_path)) == 1
    spool.close()
    assert folders(tmp_path) == []


def test_the_folder_of_a_run_that_lives_is_left_alone(tmp_path: Path) -> None:
    first, second = Spool(str(tmp_path), 1000), Spool(str(tmp_path), 1000)
    document = first.create()
    document.write(b"rows")
    document.finish()
    second.create().finish()

    assert document.path.read_bytes() == b"rows"
    first.close()
    second.close()


def test_a_folder_that_cannot_be_written_is_told_before_the_first_call(
    tmp_path: Path,
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    with pytest.raises(ConfigError, match=r"spool_dir: .* cannot be written"):
        Spool(str(in_the_way / "spool"), 1000).check()
