"""Create, show and update audiences; upload records; show a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.audiences.audience_validation import (
    validate_create,
    validate_update,
)
from amazon_emulator.audiences.contract import (
    AUDIENCES_TYPE,
    USER_ID,
)
from amazon_emulator.audiences.parsing import NotALongError, check_media, read_object
from amazon_emulator.audiences.uploads.body_preview import preview_body
from amazon_emulator.audiences.uploads.jobs import PENDING
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, Route, route
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.audiences.audience_validation import NewAudience
    from amazon_emulator.audiences.connections import Connections
    from amazon_emulator.audiences.store import Audience, AudienceStore
    from amazon_emulator.audiences.uploads.acceptance import Uploads
    from amazon_emulator.audiences.uploads.jobs import Job
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState

_METADATA = "/amc/audiences/metadata"
_RECORDS = "/amc/audiences/records"
_AUDIENCE = f"{_METADATA}/<audience_id>"
_WRITES = ("create_audience", "update_audience", "records")


class AudiencesService(SignedInService):
    """The five calls around one audience."""

    media_type = AUDIENCES_TYPE

    def __init__(
        self,
        state: EmulatorState,
        tokens: TokenStore,
        accounts: AmcAccounts,
        connections: Connections,
        audiences: AudienceStore,
        uploads: Uploads,
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts
        self._connections, self._audiences = connections, audiences
        self._uploads = uploads

    def target(self, call: Call) -> Target:
        """A rule may name audience, connection, advertiser, job or external id."""
        body = call.body if call.operation == "records" else b""
        return Target(frozenset(_names(call)), body=body)

    def respond_to(self, route: Route, call: Call) -> Response:
        """Carry a call out; remember a write that was turned down."""
        try:
            return super().respond_to(route, call)
        except RefusalError as refusal:
            if call.operation in _WRITES:
                self._audiences.counters.refuse(
                    {
                        "operation": call.operation,
                        "names": sorted(filter(USER_ID.fullmatch, _names(call))),
                        "status": refusal.status,
                        "answer": refusal.message,
                    }
                )
            raise

    def error_body(self, refusal: RefusalError) -> object:
        """Return `message`, or `Message` as was seen."""
        is_capital = isinstance(refusal, NotALongError)
        key = "Message" if is_capital or self._state.settings.capital_message else None
        return {key or "message": refusal.message}

    @route("POST", _METADATA, "create_audience")
    def create(self, call: Call) -> Response:
        """Create an audience; the setting says what a repeated external id does.

        No source says what Amazon does then, so a client has to live with all three.
        """
        check_media(call, self.media_type, has_body=True)
        made = validate_create(read_object(call.body))
        region = self._region(made)
        with self._state.lock:
            same = self._audiences.same(made)
            mode = self._state.settings.repeated_external_id
            if same is not None and mode == "refuse":
                text = "An audience with this externalAudienceId already exists"
                raise RefusalError(400, text)
            if same is None or mode == "new":
                same = self._audiences.create(made, region)
        body = {
            "audienceId": same.audience_id,
            "externalAudienceId": same.made.external_id,
        }
        return self.respond(body, 201)

    @route("GET", _AUDIENCE, "audience")
    def show(self, call: Call) -> Response:
        """Show an audience with its size."""
        audience = self._audience(call)
        shown = _shown(audience)
        if audience.made.country is not None:
            shown["countryCode"] = audience.made.country
        metadata = {**_metadata(audience), "audienceSize": self._size(audience)}
        return self.respond({**shown, "metadata": metadata})

    @route("PUT", _AUDIENCE, "update_audience")
    def update(self, call: Call) -> Response:
        """Change description, time to live and fees; nothing else can be."""
        audience = self._audience(call)
        if call.body:
            check_media(call, self.media_type, has_body=True)
        body = read_object(call.body or b"{}")
        self._audiences.update(audience, validate_update(body))
        return self.respond({**_shown(audience), "metadata": _metadata(audience)})

    @route("POST", _RECORDS, "records")
    def upload(self, call: Call) -> Response:
        """Accept an upload of records as a job."""
        check_media(call, self.media_type, has_body=True)
        job = self._uploads.accept(call)
        other = call.fault("other_id")
        shown = job.job_id if other is None else other.text("id")
        return self.respond({"jobRequestId": shown}, 202)

    @route("GET", f"{_RECORDS}/<job_id>", "job")
    def job(self, call: Call) -> Response:
        """Show how far a job is, and when it is over, what was invalid."""
        check_media(call, self.media_type, has_body=False)
        found = self._audiences.poll(call.arguments["job_id"], call.faults)
        if found is None:
            raise RefusalError(404, "The requested job was not found")
        return self.respond(self._job(*found))

    def _job(self, job: Job, state: str) -> dict[str, object]:
        shown: dict[str, object] = {"jobRequestId": job.job_id, "jobState": state}
        if PENDING in (state, job.state):
            return shown
        upload = job.upload
        share = 1 - len(upload.invalid) / upload.received if upload.received else 0
        shown["successful"] = {"recordsProcessedRate": round(100 * share, 2)}
        shown["invalidRecords"] = [
            {"audienceId": str(upload.audience_id), "externalId": user, "error": reason}
            for user, reason in job.listed()
        ]
        audience = self._audiences.find(upload.audience_id)
        if audience is not None:
            shown["audienceSize"] = self._size(audience)
        return shown

    def _audience(self, call: Call) -> Audience:
        check_media(call, self.media_type, has_body=False)
        name = call.arguments["audience_id"]
        if not name.isdigit():
            raise NotALongError
        audience = self._audiences.find(int(name))
        if audience is None:
            raise RefusalError(404, "audienceId not found")
        return audience

    def _region(self, made: NewAudience) -> str | None:
        """Return the region an audience belongs to, if its target exists here."""
        if made.connection_id is not None:
            connection = self._connections.find(made.connection_id)
            if connection is None:
                raise RefusalError(400, "The connection does not exist")
            return connection.region
        region = self._state.settings.region
        if self._accounts.advertiser(str(made.advertiser_id), region) is None:
            raise RefusalError(400, "The advertiser does not exist on this host")
        return region

    def _size(self, audience: Audience) -> dict[str, int]:
        received, active = self._audiences.sizes(audience)
        size = {"receivedRecordSize": received, "idResolutionCount": active}
        return size | ({"dspAudienceSize": active} if audience.region else {})


def _names(call: Call) -> set[str]:
    """Return what a call names, however wrong it is."""
    names = set(call.arguments.values())
    if call.operation not in ("create_audience", "records"):
        return names
    body = _readable_body(call)
    targets = [body, body.get("targetResource"), body.get("metadata")]
    keys = ("audienceId", "connectionId", "advertiserId", "externalAudienceId")
    for item in targets:
        if isinstance(item, Mapping):
            names.update(str(item[key]) for key in keys if key in item)
    return names


def _readable_body(call: Call) -> Mapping[str, object]:
    if call.operation == "records":
        return preview_body(call.body) or {}
    try:
        return read_object(call.body)
    except RefusalError:
        return {}


def _shown(audience: Audience) -> dict[str, object]:
    shown: dict[str, object] = {
        "audienceId": audience.audience_id,
        "name": audience.made.name,
        "description": audience.description,
    }
    if audience.made.advertiser_id is not None:
        shown["advertiserId"] = audience.made.advertiser_id
    return shown


def _metadata(audience: Audience) -> dict[str, object]:
    metadata: dict[str, object] = {
        "externalAudienceId": audience.made.external_id,
        "ttl": audience.ttl,
    }
    return metadata | ({"audienceFees": list(audience.fees)} if audience.fees else {})
