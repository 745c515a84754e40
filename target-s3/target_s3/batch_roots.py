"""Where BATCH files may lie, and where a manifest's address points.

Taps write addresses by hand: ``file:///folder/a#b 50% ä.gz`` as often as its quoted
form. The file that is there decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from singer_amazon.errors import ConfigError

_FILE = ("file://localhost/", "file:///")


def local_path(uri: str) -> Path | None:
    """Return the path of a file's address, None where it is no local file."""
    if "\0" in uri:
        return None
    for start in _FILE:
        if uri.startswith(start):
            found = Path("/" + uri.removeprefix(start))
            return found if found.exists() else Path(unquote(str(found)))
    return None if "://" in uri else Path(uri)


def roots(names: Iterable[str] | None) -> tuple[str, ...] | None:
    """Check and complete the roots of the setting; None where it is not set.

    Raises:
        ConfigError: one is neither a folder nor a bucket.
    """
    return None if names is None else tuple(_root(name.strip()) for name in names)


def _root(name: str) -> str:
    if name.startswith("s3://"):
        return name.rstrip("/") + "/"
    path = local_path(name)
    if path is None or not path.is_absolute():
        msg = (
            "Setting batch_allowed_roots must list folders (file:///folder) and "
            f"buckets (s3://bucket/prefix); {name!r} is neither."
        )
        raise ConfigError(msg)
    return str(path.resolve())


def is_allowed_key(uri: str, allowed: Iterable[str] | None) -> bool:
    """Whether an object's address lies below one of the roots."""
    return allowed is None or any(uri.startswith(root) for root in allowed)


def is_allowed_path(resolved: Path, allowed: Iterable[str] | None) -> bool:
    """Whether a path, with all links followed, lies below one of the roots."""
    return allowed is None or any(
        resolved.is_relative_to(root) for root in allowed if "://" not in root
    )
