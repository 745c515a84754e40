"""Delta tables need the library deltalake, an extra; without it one test says so."""

from __future__ import annotations

from importlib.util import find_spec

HAS_DELTA = find_spec("deltalake") is not None
# They import it; what they would have tested is said by test_installed.
collect_ignore_glob = [] if HAS_DELTA else ["test_[!i]*.py"]
