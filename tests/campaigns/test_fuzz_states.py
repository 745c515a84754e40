"""Answers, tokens, states, catalogs, settings made wrong: words, no tracebacks."""

from __future__ import annotations

import copy
import io
import json
import logging
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from singer_sdk.exceptions import ConfigValidationError

from singer_amazon.clock import Clock
from singer_amazon.errors import AmazonError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.transport import Response, Transport
from singer_amazon.reports.partition_state import PartitionState
from support.ads import runs as tap_runs
from support.audience import runner
from support.campaigns.fuzz import Fuzz, expect
from support.campaigns.mutation import VALUES, json_text, mutated_bytes, mutated_value
from support.campaigns.plan import Plan
from support.core.capture import caught_log as logged
from support.sp import runs as sp_runs
from target_amazon_audience.target import TargetAmazonAudience
from target_s3.target import TargetS3

Json = dict[str, Any]
Report = Callable[[str], None]
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
SECRETS = ("a-client-secret", "Atzr|a-refresh-token", "Atza|an-access-token")
TOKEN = {
    "access_token": SECRETS[2],
    "token_type": "bearer",
    "expires_in": 3600,
    "refresh_token": SECRETS[1],
}
REFUSAL = {"error": "invalid_grant", "error_description": "The grant is expired"}
ERRORS = {"errors": [{"code": "InvalidInput", "message": "no", "details": "why"}]}


class Still(Clock):
    """A clock that only moves when somebody sleeps."""

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        expect(seconds >= 0, f"a sleep of {seconds} s")


class Scripted(Transport):
    """Gives one answer to everything."""

    def __init__(self, answer: Response) -> None:
        super().__init__(user_agent="fuzz")
        self._answer = answer

    def send(self, *_: object, **__: object) -> Response:
        return self._answer


def make_answer(chance: random.Random, *bodies: object) -> Response:
    body = json_text(chance, mutated_value(chance, chance.choice(bodies)))
    if chance.random() < 0.5:
        body = mutated_bytes(chance, body)
    after = chance.choice(("", "1", "-1", "nan", "1e400", "Fri, 20 Nov 2026", "x", "٣"))
    return Response(
        chance.choice((200, 200, 400, 401, 403, 404, 413, 429, 499)),
        {"Retry-After": after, "x-amzn-RequestId": "1"},
        body,
    )


def show(answer: Response) -> bytes:
    return f"{answer.status} {dict(answer.headers)}\n".encode() + answer.body


def test_tokens(plan: Plan, report: Report, tmp_path: Path) -> None:
    def check(answer: Response) -> bool:
        provider = TokenProvider(
            Credential("an-id", *SECRETS[:2]),
            auth_uri="https://amazon.test/token",
            transport=Scripted(answer),
            clock=Still(),
        )
        try:
            token = provider.token()
        except AmazonError as error:
            # the whole token; Amazon's own error texts are ours to quote
            expect(SECRETS[0] not in str(error), "the client secret is quoted")
            raise
        expect(answer.status == 200, f"a token out of a {answer.status}")
        expect(json.loads(answer.body).get("access_token") == token, "another token")
        return True

    fuzz = Fuzz("token answers", lambda c: make_answer(c, TOKEN, REFUSAL), check, show)
    report(fuzz.run(plan, plan.choose(1500, 20_000), tmp_path))


def test_answers(plan: Plan, report: Report, tmp_path: Path) -> None:
    def check(answer: Response) -> bool:
        found = answer.json_object()
        words = answer.message()
        expect(0 < len(words) <= 500, f"{len(words)} characters of explanation")
        wait = answer.retry_after(NOW)
        expect(wait is None or 0 <= wait <= 86_400, f"a wait of {wait} s")
        try:
            expected = json.loads(answer.body)
        except (ValueError, RecursionError):
            expected = {}
        if found:
            expect(found == expected, "another object than Python reads")
        return bool(found)

    bodies = (ERRORS, REFUSAL, {"message": "x", "detail": ["y"]}, [ERRORS], "text")
    fuzz = Fuzz("answers", lambda c: make_answer(c, *bodies), check, show)
    report(fuzz.run(plan, plan.choose(2000, 20_000), tmp_path))


# --- states ------------------------------------------------------------------

WINDOW = {"start": "2026-11-01", "end": "2026-11-03"}
ENTRY: Json = {
    "context": {"profile_id": tap_runs.SELLER},
    "version": 1,
    "replication_key": "date",
    "replication_key_value": "2026-11-10",
    "start_date": "2026-10-01",
    "delivered": [{"start": "2026-11-12", "end": "2026-11-13"}],
    "pending_reports": [
        {
            "report_id": "0b1c2d3e-0000-4000-8000-000000000000",
            "start": "2026-11-14",
            "end": "2026-11-15",
            "fingerprint": "0123456789abcdef",
            "requested_at": "2026-11-16T01:02:03+00:00",
        }
    ],
    "gaps": [{**WINDOW, "reason": "FAILED", "attempts": 2}],
    "closed_gaps": [
        {**WINDOW, "reason": "old", "attempts": 6, "closed_at": "2026-11-16T01:02:03Z"}
    ],
    "taken_reports": [{"report_id": "1", "created_at": "2026-11-16T01:02:03Z"}],
}
STATE: Json = {"bookmarks": {tap_runs.CAMPAIGNS: {"partitions": [ENTRY]}}}


def test_entries_of_states(plan: Plan, report: Report, tmp_path: Path) -> None:
    def check(case: tuple[Json, bool]) -> bool:
        entry, in_hours = case
        try:
            read = PartitionState.from_state(entry, in_hours=in_hours)
        except (KeyError, ValueError):  # what the state store makes a sentence of
            return False
        written = json.loads(json.dumps(read.to_state()))
        again = PartitionState.from_state(written, in_hours=in_hours)
        expect(again.to_state() == read.to_state(), "written, it reads differently")
        return True

    def make(chance: random.Random) -> tuple[Json, bool]:
        found = mutated_value(chance, ENTRY)
        return (found if isinstance(found, dict) else {}, chance.random() < 0.3)

    fuzz = Fuzz("entries of states", make, check)
    report(fuzz.run(plan, plan.choose(2500, 40_000), tmp_path))


# --- taps and targets as they are made ---------------------------------------


@cache
def ads_catalog() -> Json:
    """Two streams: what else a catalog holds is the same again."""
    found = tap_runs.catalog((tap_runs.CAMPAIGNS,))
    chosen = [s for s in found["streams"] if s["tap_stream_id"] == tap_runs.CAMPAIGNS]
    return {"streams": [*chosen, found["streams"][-1]]}


ADS_CONFIG: Json = {
    **dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x"),
    "profile_ids": [tap_runs.SELLER],
    "start_date": "2026-11-01",
    "end_date": "2026-11-10",
    "lookback_days": {tap_runs.CAMPAIGNS: 5},
    "max_attempts": 5,
    "poll_interval_seconds": 5,
    "reports": [
        {
            "name": "own",
            "ad_product": "SPONSORED_PRODUCTS",
            "report_type_id": "spCampaigns",
            "group_by": ["campaign"],
            "columns": ["date", "campaignId", "clicks"],
            "key": ["date", "campaignId"],
        }
    ],
    "batch_config": {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": "file:///nowhere"},
    },
}
SP_CONFIG: Json = {
    **dict.fromkeys(("client_id", "client_secret"), "x"),
    "accounts": [sp_runs.account("acme-us", marketplace_ids=[sp_runs.US])],
    "start_date": "2026-11-01",
    "report_options": {"vendor_sales": {"report_period": "WEEK"}},
    "reports": [{"name": "own", "report_spec": {"reportType": "GET_X"}, "key": ["a"]}],
    "endpoints": [
        {
            "name": "things",
            "path": "/orders/v0/orders",
            "params": {"MarketplaceIds": sp_runs.US},
            "results_key": "Orders",
            "updated_at_param": "LastUpdatedAfter",
            "record_config": {
                "id_field": "AmazonOrderId",
                "last_modified_field": "LastUpdateDate",
            },
            "extend_resources": [
                {
                    "new_field_name": "items",
                    "path": "/orders/v0/orders/{orderId}/orderItems",
                    "path_variable_name": "orderId",
                    "results_key": "OrderItems",
                }
            ],
        }
    ],
}
S3_CONFIG: Json = {
    "cloud_provider": {
        "cloud_provider_type": "aws",
        "aws": {"aws_bucket": "b", "aws_region": "us-east-1"},
    },
    "format": {"format_type": "csv"},
    "max_batch_size": 100,
    "prefix": "a/b",
    "stream_maps": {"campaigns": {"x": "y"}},
}
AUDIENCE_CONFIG: Json = {
    **runner.CREATE,
    "state_path": "s",
    "upload_mode": "MIRROR",
    "wait_until_finish": True,
    "max_wait_time": 5,
    "field_mapping": {"email": "mail"},
    "hashing": {"email": "auto"},
    "consent": {"amznuserdata": "GRANTED"},
    "streams": {"customers": {"audience_name": "loyalty_customers"}},
}


class Ads(tap_runs.QuickTap):
    """Stops where the first call would be made."""


def mutated_config(chance: random.Random, config: Json) -> Json:
    """Change settings; sometimes all are text, as in an environment."""
    found = mutated_value(chance, config)
    if not isinstance(found, dict):
        return config
    if chance.random() < 0.2:
        name = chance.choice(list(found) or ["x"])
        text = json.dumps(found.get(name))
        found[name] = mutated_bytes(chance, text.encode()).decode("utf-8", "replace")
    return found


def said(log: list[logging.LogRecord]) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in log]


def made(make: Callable[[], Any]) -> bool:
    """Make a plugin; a refusal is a sentence."""
    with logged() as log:
        try:
            make()
        except ConfigValidationError as error:
            expect(error.errors and all(error.errors), "no sentence")
            return False
        except AmazonError:
            raise
        except ValueError as error:  # the command logs its text
            expect(str(error).strip(), "a ValueError without words")
            return False
    expect(not any("Traceback" in x for x in said(log)), "a traceback is logged")
    return True


def make_tap(tap: type[Any], config: Json, **more: Any) -> None:
    found = tap(config=copy.deepcopy(config), **more)
    found.clock = Still()
    found.streams  # noqa: B018 - made when first looked at
    found.check_settings()


@pytest.mark.parametrize(
    ("name", "config", "make", "share"),
    [
        ("ads", ADS_CONFIG, lambda c: make_tap(tap_runs.QuickTap, c), 1),
        ("sp", SP_CONFIG, lambda c: make_tap(sp_runs.QuickTap, c), 1),
        ("s3", S3_CONFIG, lambda c: TargetS3(config=c), 3),
        ("audience", AUDIENCE_CONFIG, lambda c: TargetAmazonAudience(config=c), 3),
    ],
    ids=["ads", "sp", "s3", "audience"],
)
@pytest.mark.usefixtures("kept")
def test_settings(
    name: str,
    config: Json,
    make: Callable[[Json], Any],
    share: int,
    plan: Plan,
    report: Report,
    tmp_path: Path,
) -> None:
    fuzz = Fuzz(
        f"settings of {name}",
        lambda chance: mutated_config(chance, config),
        lambda case: made(lambda: make(case)),
        lambda case: json.dumps(case).encode(),
    )
    report(fuzz.run(plan, plan.choose(40 * share, 4000 * share), tmp_path))


@pytest.mark.usefixtures("kept")
def test_catalogs_and_states_of_a_tap(
    plan: Plan, report: Report, tmp_path: Path
) -> None:
    """As the command reads them: from files, damaged or of other programs."""

    def check(case: tuple[bytes, bytes]) -> bool:
        catalog, state = case
        with logged() as log:
            try:
                tap = tap_runs.QuickTap._from_command_line(
                    _Given(ADS_CONFIG | {"batch_config": None, "reports": []}),
                    cast("Any", io.BytesIO(state)),
                    cast("Any", io.BytesIO(catalog)),
                )
            except SystemExit:
                errors = [line for line in said(log) if line.startswith("ERROR")]
                expect(errors and errors[0] != "ERROR ", "exit without a sentence")
                return False
        expect(tap is not None, "no tap")
        return True

    def make(chance: random.Random) -> tuple[bytes, bytes]:
        is_catalog = chance.random() < 0.5
        found = [
            json_text(chance, mutated_value(chance, v) if is_mutated else v)
            for v, is_mutated in ((ads_catalog(), is_catalog), (STATE, not is_catalog))
        ]
        if chance.random() < 0.4:
            found[not is_catalog] = mutated_bytes(chance, found[not is_catalog])
        return found[0], found[1]

    fuzz = Fuzz("catalogs and states", make, check, b"\n".join)
    report(fuzz.run(plan, plan.choose(150, 4000), tmp_path))


class _Given:
    """A config as the command line hands it over."""

    parse_env = False

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = {k: v for k, v in config.items() if v is not None}


def test_all_odd_values_can_be_shown() -> None:
    assert all(repr(value) for value in VALUES if not isinstance(value, int))
