"""What `check` finds out, one line each, and the checks that all plugins share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import click

from singer_amazon.clock import Clock
from singer_amazon.commands.tables import show
from singer_amazon.errors import AmazonError, CallError
from singer_amazon.http.auth import TokenProvider
from singer_amazon.http.transport import Transport
from singer_amazon.refresh_token_age import SETTING, age_words, is_alarming, token_ages

Result = Literal[
    "ok",
    "allowed",
    "not offered",
    "unknown without asking",
    "warning",
    "refused",
    "failed",
]
FAILURES = {"refused", "failed"}
CLOCK_TOLERANCE = timedelta(minutes=5)
_STEP = re.compile(r"What to do: |(?<=[.\])]) (?=(?:Check|It needs) )")
"""What stands before the next step in the sentences of refusals."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; `words` are Amazon's own where it refuses."""

    what: str
    name: str
    result: Result
    words: str = ""
    next_step: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether a run would miss something for it."""
        return self.result in FAILURES

    def row(self) -> Mapping[str, object]:
        """Return the line of the table."""
        return {
            "what": self.what,
            "of": self.name,
            "result": self.result,
            "why": self.words,
            "what to do": self.next_step,
        }


def with_step(what: str, name: str, result: Result, sentence: str) -> Finding:
    """Return a finding whose sentence may end in what to do about it."""
    words, *step = _STEP.split(sentence, maxsplit=1)
    return Finding(what, name, result, words.strip(), "".join(step).strip())


def refusal(what: str, name: str, error: AmazonError) -> Finding:
    """Return what an error means for a check."""
    is_passing = isinstance(error, CallError) and (error.status or 500) >= 500  # noqa: PLR2004
    return with_step(what, name, "failed" if is_passing else "refused", str(error))


def token_finding(name: str, tokens: TokenProvider) -> Finding:
    """Ask Login with Amazon for an access token."""
    try:
        tokens.token()
    except AmazonError as error:
        return refusal("token", name, error)
    return Finding("token", name, "ok", "Login with Amazon gives access tokens for it")


def host_findings(
    transport: Transport, clock: Clock, region: str, url: str
) -> Iterator[Finding]:
    """Reach the host of a region without a token; compare its clock with ours."""
    host = urlsplit(url).netloc or url
    try:
        response = transport.send("GET", url)
    except AmazonError as error:
        step = "check region, endpoint_uri and the way out to the network"
        yield Finding("region", region, "failed", f"{host}: {error}", step)
        return
    yield Finding("region", region, "ok", f"{host} answers")
    yield clock_finding(response.headers.get("Date"), clock.now())


def clock_finding(header: str | None, now: datetime) -> Finding:
    """Compare the `Date` header of an answer with this machine's clock."""
    try:
        theirs = parsedate_to_datetime(header or "")
        difference = now - theirs
    except (TypeError, ValueError):
        words = "Amazon's answer has no date to compare with"
        return Finding("clock", "this machine", "unknown without asking", words)
    seconds = difference.total_seconds()
    side = "ahead of" if seconds > 0 else "behind"
    words = f"{abs(seconds):.0f} s {side} Amazon's"
    if abs(difference) <= CLOCK_TOLERANCE:
        return Finding("clock", "this machine", "ok", words)
    step = "set this machine's clock (NTP): tokens and S3 signatures depend on it"
    return Finding("clock", "this machine", "warning", words, step)


def age_findings(config: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    """Yield how long each refresh token lives, where the settings say since when."""
    ages = list(token_ages(config))
    for whose, granted in ages:
        words = age_words(granted, now.date())
        if is_alarming(granted, now.date()):
            step = f"run the command auth for a new one, then set {SETTING}"
            yield Finding("token age", whose, "warning", words, step)
        else:
            yield Finding("token age", whose, "ok", words)
    if not ages:
        words = "refresh tokens end 365 days after the consent"
        step = f"set {SETTING} to the day of the consent, to be warned in time"
        yield Finding(
            "token age", "refresh_token", "unknown without asking", words, step
        )


def show_findings(findings: Iterable[Finding], *, as_json: bool) -> int:
    """Print them; return the exit code: 1 where something is refused or failed."""
    found: Sequence[Finding] = list(findings)
    show([finding.row() for finding in found], as_json=as_json, empty="nothing checked")
    counts = Counter(finding.result for finding in found)
    said = ", ".join(f"{number} {result}" for result, number in counts.items())
    click.echo(f"{len(found)} checked: {said}", err=True)
    return 1 if any(finding.is_failure for finding in found) else 0
