"""All the names of this repository that the golden tests lean on.

Everything else they reach by commands, files and HTTP. After a move, mend it here.
"""

from __future__ import annotations

from amazon_emulator import Emulator
from support import sp_runs, tap_runs
from support.audience_rooms import MIRROR, WAITING, Room
from support.audience_runs import START as AUDIENCE_NOON
from support.audience_runs import person
from support.s3 import Bucket, local_s3
from support.tap_runs import Ended

__all__ = [
    "AUDIENCE_NOON",
    "MIRROR",
    "WAITING",
    "Bucket",
    "Emulator",
    "Ended",
    "Room",
    "local_s3",
    "person",
    "sp_runs",
    "tap_runs",
]
