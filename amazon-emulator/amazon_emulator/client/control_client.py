"""How a client talks to the control calls; needs the standard library only."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

_TIMEOUT_SECONDS = 120


class EmulatorError(Exception):
    """The emulator turned a control call down; the text is its sentence."""


class ControlClient:
    """JSON over HTTP to one emulator; `url` is that of its API."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # A proxy of the environment has no business with a loopback address.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _object(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        found: dict[str, Any] = self._call(method, path, body)
        return found

    def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the caller's own emulator
            f"{self.url}/_emulator{path}",
            data,
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            message = f"{method} /_emulator{path} was answered {error.code}: {text}"
            raise EmulatorError(message) from None
