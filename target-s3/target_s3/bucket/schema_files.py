"""``_schema/<stream>.json`` beside the data: what its columns are, by whom written.

A file is written when it differs from the one that is there. Where that may not be read
it is written once a run.
"""

from __future__ import annotations

import io
from importlib.metadata import PackageNotFoundError, version

import msgspec

from target_s3.bucket.keys import Keys
from target_s3.bucket.s3 import ObjectStore
from target_s3.object_writer import OutputStream
from target_s3.settings import Settings

PACKAGES = ("target-amazon-s3", "singer-amazon", "singer-sdk")


def content_of(output: OutputStream, settings: Settings) -> bytes:
    """Return the file of a stream; the same for the same SCHEMA and settings."""
    found = {
        "stream": output.name,
        "key_properties": [name for name, _ in output.keys],
        "schema": output.schema,
        "format": settings.format,
        "versions": {name: _version(name) for name in PACKAGES},
    }
    return msgspec.json.format(msgspec.json.encode(found)) + b"\n"


def write_schema_file(
    output: OutputStream, settings: Settings, keys: Keys, store: ObjectStore
) -> bool:
    """Write the file of a stream; say whether there was a need to.

    Raises:
        StoreError: it cannot be written.
    """
    key = keys.for_schema(output.name)
    content = content_of(output, settings)
    if store.read(key) == content:
        return False
    store.put(key, io.BytesIO(content))
    return True


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
