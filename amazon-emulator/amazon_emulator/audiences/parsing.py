"""Reads the calls of the audiences API: media types, JSON bodies, whole numbers."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from amazon_emulator.http import Call

_HIDDEN = "(not shown)"


class NotALongError(RefusalError):
    """A number came as text; that error was seen with a capital `Message`."""

    def __init__(self) -> None:
        super().__init__(400, "STRING_VALUE can not be converted to a Long")


def check_media(call: Call, media_type: str, *, has_body: bool) -> None:
    """Refuse another content type (415), or an Accept without this media type (406)."""
    if has_body and call.request.mimetype != media_type.lower():
        raise RefusalError(415, f"Content type must be {media_type}")
    accepted = call.request.accept_mimetypes
    if accepted and not accepted.best_match([media_type]):
        message = f"The answer is {media_type}, which Accept does not allow"
        raise RefusalError(406, message)


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object a body holds, or refuse (400)."""
    try:
        value = json.loads(body)
    except ValueError:
        raise RefusalError(400, "The request body is not JSON") from None
    return as_object("The request body", value)


def as_object(name: str, value: object) -> dict[str, object]:
    """Return a value that must be a JSON object, or refuse (400)."""
    if not isinstance(value, dict):
        raise RefusalError(400, f"{name} must be an object")
    return value


def with_keys(
    name: str, value: object, keys: Collection[str], required: Sequence[str] = ()
) -> dict[str, Any]:
    """Return an object that has these keys only, or refuse it (400)."""
    given = as_object(name, value)
    # A key that is no plain word may be misplaced data, hence is not shown.
    unknown = [
        key if key.isidentifier() else _HIDDEN for key in given if key not in keys
    ]
    if unknown:
        raise RefusalError(400, f"{name} has unknown fields: {', '.join(unknown)}")
    missing = [key for key in required if key not in given]
    if missing:
        raise RefusalError(400, f"{name} lacks required fields: {', '.join(missing)}")
    return given


def whole(name: str, value: object) -> int:
    """Return an id that must be a JSON integer, or refuse (400)."""
    if isinstance(value, str):
        raise NotALongError
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusalError(400, f"{name} must be an integer")
    return value


def text(name: str, value: object, lengths: tuple[int, int]) -> str:
    """Return a text of a length in this range, or refuse (400)."""
    least, most = lengths
    if not isinstance(value, str) or not least <= len(value) <= most:
        message = f"{name} must be a string of {least} to {most} characters"
        raise RefusalError(400, message)
    if any(ord(character) < ord(" ") for character in value):
        raise RefusalError(400, f"{name} must not hold control characters")
    return value
