"""What a killed run leaves on the disk is removed by the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from singer_amazon.documents.spool import Spool
from singer_amazon.errors import ConfigError

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
