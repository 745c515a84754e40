"""Makes the golden data anew from the code as it is. Only for a change that is meant.

The data was made before the great restructuring; the tests beside it hold the later
code to it. When users shall see something new, run

    PYTHONPATH=tests python -m golden.make [commands catalogs states audience
                                            objects emulator]

name only what has changed, and look at every line of the diff: `git diff` for JSON,
the messages of the tests (run before) for the packed files.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from golden import audience, commands, formats, states
from golden.goldens import keep


def _audience() -> None:
    with tempfile.TemporaryDirectory() as folder, audience.room(Path(folder)) as room:
        summaries = audience.history(room)
        schema = audience.schema_of(room.database)
        keep("audience.json", {"summaries": summaries, "schema": schema})
        audience.keep_golden(room)


MAKERS: dict[str, Callable[[], None]] = {
    "commands": lambda: keep("commands.json", commands.commands()),
    "catalogs": lambda: keep("catalogs.json.gz", commands.catalogs()),
    "states": lambda: keep("states.json", states.states()),
    "audience": _audience,
    "objects": lambda: keep("objects.json", formats.objects()),
    "emulator": lambda: keep("emulator.json", formats.offered()),
}


def main(names: list[str]) -> None:
    """Make what is named, or everything."""
    for name in names or MAKERS:
        MAKERS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
