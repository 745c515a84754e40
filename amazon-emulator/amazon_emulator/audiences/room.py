"""Create, show and update audiences; upload records; show a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from amazon_emulator.audiences.jobs import PENDING
from amazon_emulator.audiences.metadata import judge_create, judge_update
from amazon_emulator.audiences.peek import peek
from amazon_emulator.audiences.reading import NotALongError, check_media, read_object
from amazon_emulator.audiences.rules import (
    AUDIENCES_TYPE,
    MOST_INVALID_RECORDS,
    USER_ID,
)
from amazon_emulator.faults import Target
from amazon_emulator.wire import Call, RefusalError, Route, json_response

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.audiences.connections import Connections
    from amazon_emulator.audiences.jobs import Job
    from amazon_emulator.audiences.metadata import NewAudience
    from amazon_emulator.audiences.store import Audience, AudienceStore
    from amazon_emulator.audiences.uploads import Uploads
    from amazon_emulator.audiences.world import AmcWorld
    from amazon_emulator.core import Core
    from amazon_emulator.lwa.store import TokenStore

_METADATA = "/amc/audiences/metadata"
_RECORDS = "/amc/audiences/records"


class AudiencesRoom:
    """The five calls around one audience."""

    def __init__(
        self,
        core: Core,
        tokens: TokenStore,
        world: AmcWorld,
        connections: Connections,
        audiences: AudienceStore,
        uploads: Uploads,
    ) -> None:
        self._core, self._tokens, self._world = core, tokens, world
        self._connections, self._audiences = connections, audiences
        self._uploads = uploads

    @property
    def routes(self) -> Sequence[Route]:
        """Create, show, update; upload; job."""
        one = f"{_METADATA}/<audience_id>"
        return (
            Route("POST", _METADATA, "create_audience", self.create),
            Route("GET", one, "audience", self.show),
            Route("PUT", one, "update_audience", self.update),
            Route("POST", _RECORDS, "records", self.upload),
            Route("GET", f"{_RECORDS}/<job_id>", "job", self.job),
        )

    def target(self, call: Call) -> Target:
        """A rule may name audience, connection, advertiser, job or external id."""
        body = call.body if call.operation == "records" else b""
        return Target(frozenset(_names(call)), body=body)

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal with `message`, or `Message` as was seen."""
        is_capital = isinstance(refusal, NotALongError)
        key = "Message" if is_capital or self._core.settings.capital_message else None
        return json_response(
            {key or "message": refusal.message},
            refusal.status,
            content_type=AUDIENCES_TYPE,
            headers=refusal.headers,
        )

    def reset(self) -> None:
        """Forget all audiences and jobs."""
        self._audiences.reset()

    def create(self, call: Call) -> Response:
        """Create an audience; a repeated external id is answered as the setting says.

        No source says what Amazon does then, so a client has to live with all three.
        """
        with _Refusals(self._audiences, call):
            self._tokens.check(call.request)
            check_media(call, AUDIENCES_TYPE, has_body=True)
            made = judge_create(read_object(call.body))
            region = self._region(made)
            with self._core.lock:
                same = self._audiences.same(made)
                mode = self._core.settings.repeated_external_id
                if same is not None and mode == "refuse":
                    text = "An audience with this externalAudienceId already exists"
                    raise RefusalError(400, text)
                if same is None or mode == "new":
                    same = self._audiences.create(made, region)
        body = {
            "audienceId": same.audience_id,
            "externalAudienceId": same.made.external_id,
        }
        return json_response(body, 201, content_type=AUDIENCES_TYPE)

    def show(self, call: Call) -> Response:
        """Show an audience with its size."""
        audience = self._audience(call)
        shown = _shown(audience)
        if audience.made.country is not None:
            shown["countryCode"] = audience.made.country
        metadata = {**_metadata(audience), "audienceSize": self._size(audience)}
        body = {**shown, "metadata": metadata}
        return json_response(body, content_type=AUDIENCES_TYPE)

    def update(self, call: Call) -> Response:
        """Change description, time to live and fees; nothing else can be."""
        with _Refusals(self._audiences, call):
            audience = self._audience(call)
            if call.body:
                check_media(call, AUDIENCES_TYPE, has_body=True)
            body = read_object(call.body or b"{}")
            self._audiences.update(audience, judge_update(body))
        shown = {**_shown(audience), "metadata": _metadata(audience)}
        return json_response(shown, content_type=AUDIENCES_TYPE)

    def upload(self, call: Call) -> Response:
        """Accept an upload of records as a job."""
        with _Refusals(self._audiences, call):
            self._tokens.check(call.request)
            check_media(call, AUDIENCES_TYPE, has_body=True)
            job = self._uploads.accept(call)
        body = {"jobRequestId": job.job_id}
        return json_response(body, 202, content_type=AUDIENCES_TYPE)

    def job(self, call: Call) -> Response:
        """Show how far a job is, and when it is over, what was invalid."""
        self._tokens.check(call.request)
        check_media(call, AUDIENCES_TYPE, has_body=False)
        found = self._audiences.look(call.arguments["job_id"], call.faults)
        if found is None:
            raise RefusalError(404, "The requested job was not found")
        job, state = found
        return json_response(self._job(job, state), content_type=AUDIENCES_TYPE)

    def _job(self, job: Job, state: str) -> dict[str, object]:
        shown: dict[str, object] = {"jobRequestId": job.job_id, "jobState": state}
        if PENDING in (state, job.state):
            return shown
        share = 1 - len(job.invalid) / job.received if job.received else 0
        shown["successful"] = {"recordsProcessedRate": round(100 * share, 2)}
        listed = list(job.invalid.items())[:MOST_INVALID_RECORDS]
        shown["invalidRecords"] = [
            {"audienceId": str(job.audience_id), "externalId": user, "error": reason}
            for user, reason in listed
        ]
        audience = self._audiences.find(job.audience_id)
        if audience is not None:
            shown["audienceSize"] = self._size(audience)
        return shown

    def _audience(self, call: Call) -> Audience:
        self._tokens.check(call.request)
        check_media(call, AUDIENCES_TYPE, has_body=False)
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
        region = self._core.settings.region
        if self._world.advertiser(str(made.advertiser_id), region) is None:
            raise RefusalError(400, "The advertiser does not exist on this host")
        return region

    def _size(self, audience: Audience) -> dict[str, int]:
        received, active = self._audiences.sizes(audience)
        size = {"receivedRecordSize": received, "idResolutionCount": active}
        return size | ({"dspAudienceSize": active} if audience.region else {})


class _Refusals:
    """Remembers what is turned down inside a `with` block, and lets it through."""

    def __init__(self, audiences: AudienceStore, call: Call) -> None:
        self._audiences, self._call = audiences, call

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, RefusalError):
            self._audiences.tally.refuse(
                {
                    "operation": self._call.operation,
                    "names": sorted(filter(USER_ID.fullmatch, _names(self._call))),
                    "status": error.status,
                    "answer": error.message,
                }
            )


def _names(call: Call) -> set[str]:
    """Return what a call names, however wrong it is."""
    names = set(call.arguments.values())
    if call.operation not in ("create_audience", "records"):
        return names
    body = _loose(call)
    targets = [body, body.get("targetResource"), body.get("metadata")]
    keys = ("audienceId", "connectionId", "advertiserId", "externalAudienceId")
    for item in targets:
        if isinstance(item, Mapping):
            names.update(str(item[key]) for key in keys if key in item)
    return names


def _loose(call: Call) -> Mapping[str, object]:
    if call.operation == "records":
        return peek(call.body) or {}
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
