"""Exchanges with an emulation, checked against Amazon's own OpenAPI files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import requests
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from werkzeug.test import TestResponse


@cache
def read_spec(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    content = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    content = json.loads(json.dumps(content))  # YAML reads status codes as numbers
    # The hosts in the files carry remarks ("... (Europe)") and are not ours anyway.
    for operations in content["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    _drop_wrong_defaults(content["components"])
    return {**content, "servers": [{"url": "http://localhost"}], "security": []}


def _drop_wrong_defaults(part: Any) -> None:
    """Drop defaults of texts where the schema says booleans: the file is no OpenAPI."""
    if isinstance(part, list):
        for item in part:
            _drop_wrong_defaults(item)
    elif isinstance(part, dict):
        items, default = part.get("items"), part.get("default")
        is_boolean = isinstance(items, dict) and items.get("type") == "boolean"
        if is_boolean and isinstance(default, list):
            del part["default"]
        for item in part.values():
            _drop_wrong_defaults(item)


@cache
def _openapi(file: Path, media: tuple[str, ...]) -> OpenAPI:
    config = Config(extra_media_type_deserializers=dict.fromkeys(media, json.loads))
    return OpenAPI.from_dict(read_spec(file), config=config)


def check_request(
    file: Path, media: tuple[str, ...], sent: requests.PreparedRequest
) -> None:
    """Validate a request as it went out."""
    headers = {name: str(value) for name, value in sent.headers.items()}
    request = MockRequest(
        "http://localhost",
        str(sent.method),
        str(sent.path_url),
        headers=headers,
        data=sent.body if isinstance(sent.body, bytes) else b"",
        content_type=headers.get("Content-Type", ""),
    )
    _openapi(file, media).validate_request(request)


def check_exchange(
    file: Path,
    media: tuple[str, ...],
    response: TestResponse,
    *,
    sent: object,
    wrong_request: bool,
    answer: str | None = None,
) -> None:
    """Validate one exchange; `answer`: the media type the file has for the answer."""
    asked, openapi = response.request, _openapi(file, media)
    request = MockRequest(
        "http://localhost",
        asked.method,
        asked.path,
        args=asked.args.to_dict(),
        headers=dict(asked.headers),
        data=b"" if sent is None else json.dumps(sent).encode(),
        content_type=asked.content_type or "",
    )
    if not wrong_request:
        openapi.validate_request(request)
    kind = answer or response.mimetype or ""
    headers = dict(response.headers)
    mock = MockResponse(response.data, response.status_code, headers, kind)
    openapi.validate_response(request, mock)
