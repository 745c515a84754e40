"""Validates a whole upload: size, body, target, terms, rate; what passes is a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from amazon_emulator.audiences.parsing import read_object, text, whole, with_keys
from amazon_emulator.audiences.uploads.body_preview import (
    count_records,
    first_record,
    preview_body,
)
from amazon_emulator.audiences.uploads.jobs import LASTING_ACTIONS, Upload
from amazon_emulator.audiences.uploads.members import Entry, entry
from amazon_emulator.audiences.uploads.record_validation import (
    check_count,
    invalid_records,
    validate_record,
    validate_records,
)
from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.audiences.connections import Connection, Connections
    from amazon_emulator.audiences.store import Audience, AudienceStore
    from amazon_emulator.audiences.uploads.jobs import Job
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.http import Call
    from amazon_emulator.state import EmulatorState

_KEYS = ("audienceId", "records", "targetResource")
_CLEAR = "An upload held an @ sign: hashes and ids have none, e-mail addresses do."
_OTHER_TARGET = "targetResource does not fit the one this audience was made for"
_NO_TERMS = "The AMC terms and conditions have not been accepted"

_NO_DSP = "The connection has no DSP advertiser"
_NO_AMC = "The connection has no AMC instance"


class Uploads:
    """Turns uploads into jobs."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: AmcAccounts,
        connections: Connections,
        audiences: AudienceStore,
    ) -> None:
        self._state, self._accounts = state, accounts
        self._connections, self._audiences = connections, audiences

    def accept(self, call: Call) -> Job:
        """Begin the job of an upload, or refuse it (400, 403, 413, 429, 501)."""
        if b"@" in call.body:
            self._audiences.counters.alarm(_CLEAR)
        most = self._state.settings.max_request_bytes
        if most and len(call.body) > most:
            raise RefusalError(413, f"The request is larger than {most} bytes")
        around, records, count = self._read(call.body)
        audience_id = whole("audienceId", around["audienceId"])
        audience = self._audiences.find(audience_id)
        connection = self._connection(around, audience)
        refuse_record(call)
        targets = _targets(around, connection)
        self._check_terms(connection)
        self._check_rate(connection, count)
        invalid, entries = self._sort_out(records, audience, connection, call.faults)
        upload = Upload(
            audience_id,
            None if connection is None else connection.connection_id,
            targets,
            count,
            entries,
            invalid,
            len(records) - len({record["externalUserId"] for record in records}),
        )
        rules = [rule for rule in call.faults if rule.action in LASTING_ACTIONS]
        return self._audiences.begin(upload, rules)

    def _read(
        self, body: bytes
    ) -> tuple[Mapping[str, object], Sequence[Mapping[str, Any]], int]:
        """Return what stands around the records, the records read, and how many."""
        mode = self._state.settings.judge_records
        around = None if mode == "all" else preview_body(body)
        if around is None:
            whole_body = read_object(body)
            with_keys("The request body", whole_body, _KEYS, _KEYS[:2])
            records = validate_records(whole_body["records"])
            return whole_body, records, len(records)
        with_keys("The request body", around, _KEYS, _KEYS[:2])
        count = count_records(body)
        check_count(count)
        if mode == "first":
            validate_record("records[0]", first_record(body))
        return around, [], count

    def _connection(
        self, around: Mapping[str, object], audience: Audience | None
    ) -> Connection | None:
        """Return the connection records go through; None: to DSP only."""
        if "targetResource" not in around:
            if audience is None or audience.made.advertiser_id is not None:
                return None
            found = self._connections.default()
        else:
            keys = ("connectionId", "targetTypes")
            given = around["targetResource"]
            target = with_keys("targetResource", given, keys, keys[:1])
            name = text("targetResource.connectionId", target["connectionId"], (0, 200))
            found = (
                self._connections.find(name) if name else self._connections.default()
            )
        if found is None:
            raise RefusalError(400, "The connection does not exist")
        if audience and audience.made.connection_id != found.connection_id:
            raise RefusalError(400, _OTHER_TARGET)
        return found

    def _check_terms(self, connection: Connection | None) -> None:
        if connection is None or connection.account_id is None:
            return
        if not self._accounts.has_accepted_terms(connection.account_id):
            raise RefusalError(403, _NO_TERMS)

    def _check_rate(self, connection: Connection | None, count: int) -> None:
        if connection is None:
            return
        seconds = self._audiences.throttle(connection.connection_id, count)
        if seconds:
            raise RefusalError(
                429,
                "Too many records for this connection",
                headers={"Retry-After": str(ceil(seconds))},
            )

    def _sort_out(
        self,
        records: Sequence[Mapping[str, Any]],
        audience: Audience | None,
        connection: Connection | None,
        rules: Sequence[Rule],
    ) -> tuple[dict[str, str], list[Entry]]:
        """Return the invalid users with reasons, and what the others' records do."""
        country = self._country(audience, connection)
        settings = self._state.settings
        needs = (settings.require_country, settings.require_consent)
        invalid = invalid_records(records, country, needs=needs)
        for rule in rules:
            invalid.update(invalid_by_rule(rule, records))
        entries = [
            entry(record, country)
            for record in records
            if record["externalUserId"] not in invalid
        ]
        return invalid, entries

    def _country(
        self, audience: Audience | None, connection: Connection | None
    ) -> str | None:
        """Return the country of a record that names none, in Amazon's order."""
        if audience is not None and audience.made.country is not None:
            return audience.made.country
        if connection is not None:
            return connection.country
        if audience is None or audience.region is None:
            return None
        name = str(audience.made.advertiser_id)
        country = (self._accounts.advertiser(name, audience.region) or {}).get(
            "country"
        )
        return None if country is None else str(country)


def refuse_record(call: Call) -> None:
    """Refuse an upload that a fault rule is about."""
    rule = call.fault("refuse_record")
    if rule is not None:
        raise RefusalError(int(rule.number("code")), rule.text("reason"))


def _targets(
    around: Mapping[str, object], connection: Connection | None
) -> tuple[str, ...]:
    """Return where the records go, or refuse targets the connection has not."""
    if connection is None:
        return ("DSP",)
    target = around.get("targetResource")
    kinds = target.get("targetTypes", []) if isinstance(target, Mapping) else []
    if kinds not in ([], ["DSP"]):
        raise RefusalError(400, 'targetResource.targetTypes must be [] or ["DSP"]')
    if kinds and connection.advertiser_id is None:
        raise RefusalError(501, _NO_DSP)
    amc = () if connection.account_id is None else ("AMC",)
    if not amc and not kinds:
        raise RefusalError(400, _NO_AMC)
    return (*amc, *kinds)


def invalid_by_rule(rule: Rule, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return user id -> reason of the records that a fault rule makes invalid."""
    users = [str(record["externalUserId"]) for record in records]
    if rule.action == "job_failed" and rule.parameters["reason"] is not None:
        return dict.fromkeys(users, rule.text("reason"))
    if rule.action not in ("invalid_record", "partially_succeeded"):
        return {}
    named, every = set(rule.texts("external_user_ids")), int(rule.number("every"))
    spared = int(rule.number("except_every"))
    return {
        user: rule.text("reason")
        for number, user in enumerate(users, 1)
        if user in named
        or (every and number % every == 0)
        or (spared and number % spared != 0)
    }
