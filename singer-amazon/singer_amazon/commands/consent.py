"""The consent of a user: its address, what comes back, and the exchange of the code."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit

from singer_amazon.errors import AuthError, ConfigError
from singer_amazon.http.auth import NEXT_STEP
from singer_amazon.http.transport import Response, Transport

AGAIN = "Nothing was exchanged. Start the command auth again"


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """One consent to be asked for; `state` ties the answer to it."""

    page: str
    parameters: Mapping[str, str]
    redirect_uri: str
    code_name: str = "code"
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def address(self) -> str:
        """The address a person opens."""
        mark = "&" if urlsplit(self.page).query else "?"
        return f"{self.page}{mark}{urlencode({**self.parameters, 'state': self.state})}"

    def code(self, answer: str) -> str:
        """Return the code in the address the browser was sent to.

        Raises:
            AuthError: the person said no, or Amazon refused.
            ConfigError: it is no answer to this consent.
        """
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(answer).query).items()
        }
        if not query.keys() & {"error", self.code_name}:
            msg = (
                f"the address has no {self.code_name} in it: copy the whole address "
                f"of the page the browser ended on. {AGAIN}"
            )
            raise ConfigError(msg)
        given = query.get("state", "")
        if not secrets.compare_digest(given.encode(), self.state.encode()):
            msg = (
                "the answer belongs to another consent: its state is not the one of "
                f"this command. {AGAIN} and use only the page that it opens"
            )
            raise ConfigError(msg)
        if "error" in query:
            raise AuthError(_refused(query))
        return query[self.code_name]


def _refused(query: Mapping[str, str]) -> str:
    error = query["error"]
    said = f"{error}: {query.get('error_description', 'no explanation')}"
    if error == "access_denied":
        return (
            f"the consent was denied ({said}). {AGAIN} and allow it, as a user "
            "with access to the account"
        )
    step = NEXT_STEP.get(error, "check client id, scope and redirect address")
    return f"Amazon refuses the consent ({said}). What to do: {step}"


@dataclass(frozen=True, slots=True)
class Client:
    """A Login with Amazon client, and where its codes are exchanged."""

    client_id: str
    client_secret: str = field(repr=False)
    token_uri: str = ""


def exchange(transport: Transport, client: Client, code: str, redirect_uri: str) -> str:
    """Return the refresh token that a code stands for.

    Raises:
        AuthError: Login with Amazon refuses the code or the client.
        TransientError: it cannot be reached.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    response = transport.send(
        "POST", client.token_uri, data={k: v for k, v in form.items() if v}
    )
    token = response.json_object().get("refresh_token")
    if response.status == HTTPStatus.OK and isinstance(token, str) and token:
        return token
    raise AuthError(_exchange_refused(response, form))


def _exchange_refused(response: Response, form: Mapping[str, str]) -> str:
    error = str(response.json_object().get("error") or f"HTTP {response.status}")
    said = response.message()
    for secret in (form["client_secret"], form["code"]):
        said = said.replace(secret, "***")
    step = NEXT_STEP.get(error, "check client_id, client_secret and auth_uri")
    if error == "invalid_grant":
        step = (
            "a code works once and for five minutes, and only with the redirect "
            "address it was sent to: start auth again and be quick; check that "
            "--redirect-uri is letter by letter the listed one"
        )
    return f"Login with Amazon refuses the code ({error}: {said}). What to do: {step}"
