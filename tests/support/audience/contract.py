"""Calls and answers held against Amazon's own OpenAPI files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from support.audience.emulator import URL, Exchange
from support.core.material import AUDIENCE_SPECS

_NO_CONTENT = 204
_LOST = 0


@cache
def contract(name: str, media: Sequence[str]) -> OpenAPI:
    """Return a file of Amazon's; ``media`` are its types of JSON, in small letters."""
    spec = json.loads((AUDIENCE_SPECS / name).read_text(encoding="utf-8"))
    spec["servers"] = [{"url": URL}]
    readers: dict[str, Callable[[bytes], Any]] = dict.fromkeys(media, json.loads)
    return OpenAPI.from_dict(
        spec, config=Config(extra_media_type_deserializers=readers)
    )


def validate(call: Exchange, spec: OpenAPI) -> None:
    """Validate a call, and its answer where there is one with a body."""
    request = MockRequest(
        URL,
        call.method.lower(),
        call.path,
        args=call.query,
        headers=call.headers,
        data=call.body or None,
        content_type=call.headers.get("Content-Type", ""),
    )
    spec.validate_request(request)
    if call.status in {_LOST, _NO_CONTENT}:
        return
    answer = MockResponse(call.answer, status_code=call.status, content_type=call.media)
    spec.validate_response(request, answer)
