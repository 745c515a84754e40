"""What a misspelt name may have been meant to be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_FEW = 16
_ALIKE = 0.7
MAX_SHOWN = 100
"""Letters of a name that nobody knows which are shown."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what a misspelt name may stand for, to follow "... is not known: "."""
    names = list(known)
    # upper and lower case, hyphens and underscores are the commonest slips
    plain = {_plain(other): other for other in names}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
    if close:
        return f"did you mean {plain[close[0]]}?"
    if 0 < len(names) <= _FEW:
        return f"known are {', '.join(sorted(names))}"
    return "see the list of settings in the docs"


def shown(name: str) -> str:
    """Return a name short enough for a sentence."""
    return name if len(name) <= MAX_SHOWN else f"{name[:MAX_SHOWN]}..."


def _plain(name: str) -> str:
    # a name of megabytes is no slip, and comparing it takes hours
    return re.sub(r"[\W_]", "", name[:MAX_SHOWN].lower())
