"""Makes the golden data anew from the code as it is. Only for a change that is meant.

When users shall see something new, run the tests to see what differs, then

    PYTHONPATH=tests python -m golden.make [about] [catalogs] [states] ...

with the names of the files that are to change (none: all), and look at the diff.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from golden import test_audience_database, test_commands, test_formats, test_states
from golden.goldens import Json, golden, keep


def _stored(file: str) -> Json:
    tell, names = test_commands.TOLD[file]
    return {name: tell(name) for name in names}


def _states() -> Json:
    cases = golden("cases.json")
    return {name: test_states.taken(case) for name, case in cases.items()}


MAKERS: dict[str, Callable[[], Json]] = {
    **{file: partial(_stored, file) for file in test_commands.TOLD},
    "states.json": _states,
    "audience.json": test_audience_database.make,
    "objects.json": test_formats.objects,
    "emulator.json": test_formats.offered,
}

if __name__ == "__main__":
    for name, make in MAKERS.items():
        if len(sys.argv) == 1 or name.partition(".")[0] in sys.argv:
            keep(name, make())
