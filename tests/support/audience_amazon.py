"""A small Amazon of audiences in memory, for tests of target-amazon-audience.

It keeps what the contract says: ids beyond 2^53, jobs that end later, members with
the hashes they were created with. A DELETE takes away the hashes it names, no others.
"""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from singer_amazon.http.transport import Transport

FIRST_ID = 413642381039213536
HASH = re.compile(r"[0-9a-f]{64}")
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
EXTERNAL = re.compile(r"[0-9a-zA-Z\-_]{1,128}")
PII = {
    "address",
    "city",
    "email",
    "firstname",
    "lastname",
    "phone",
    "postal",
    "state",
}
METADATA = "/amc/audiences/metadata"
RECORDS = "/amc/audiences/records"
LINKS = "/amc/audiences/connections"


@dataclass
class Fault:
    """An answer in the place of the right one, for so many calls."""

    method: str
    path: str
    status: int
    body: object = field(default_factory=lambda: {"message": "made by the test"})
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    is_after: bool = False
    """Whether the call is carried out first; its answer is then lost."""
    when: Callable[[Any], bool] = lambda _body: True


@dataclass
class Job:
    audience_id: int
    records: list[dict[str, Any]]
    looks: int
    state: str
    invalid: list[dict[str, str]]
    is_applied: bool = False


@dataclass
class Exchange:
    """One call and its answer, as the contract sees them."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int
    answer: bytes
    media: str


class AnswerLostError(Exception):
    """The connection breaks after the call was carried out."""


Response = tuple[int, object, Mapping[str, str]]


class FakeAmazon:
    """All of it; thread-safe behind one lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.exchanges: list[Exchange] = []
        self.keeps_exchanges = True
        self.tokens = 0
        self.good_tokens: set[str] = set()
        self.has_accepted = True
        self.accounts = [
            {
                "accountId": "ENTITY1",
                "accountName": "a",
                "marketplaceId": "ATVPDKIKX0DER",
            }
        ]
        self.instances = {"ENTITY1": ["amcother", "amcinst"]}
        self.connections: list[dict[str, Any]] = []
        self.audiences: dict[int, dict[str, Any]] = {}
        self.members: dict[int, dict[str, set[str]]] = {}
        self.jobs: dict[str, Job] = {}
        self.looks = 0
        """Looks at a job before it has ended."""
        self.states: list[str] = []
        """How the next jobs end; SUCCEEDED where nothing is said."""
        self.invalid: dict[str, str] = {}
        """External ids that jobs call invalid, with the error."""
        self.bad_ids: dict[str, str] = {}
        """External ids that spoil a request (400), with Amazon's words."""
        self.most_bytes = 5_000_000
        self.delete_by = "pii"
        """What a DELETE takes away: the hashes it names, or all of the user_id."""
        self.is_orderly = True
        """Whether jobs are carried out in the order they were accepted in."""
        self.repeats = "new"
        """What a repeated external audience id brings: new, same or refused."""
        self.largest = 0

    # What tests ask

    def calls(self, method: str, path: str) -> list[Exchange]:
        return [e for e in self.exchanges if e.method == method and e.path == path]

    def uploads(self) -> list[dict[str, Any]]:
        """Bodies of the uploads that were accepted."""
        return [
            json.loads(e.body) for e in self.calls("POST", RECORDS) if e.status == 202
        ]

    def sent(self) -> list[dict[str, Any]]:
        return [record for body in self.uploads() for record in body["records"]]

    def settle(self) -> None:
        """Let all jobs end."""
        for job in self.jobs.values():
            job.looks = 0
            self._apply(job)

    def who(self, audience_id: int | None = None) -> dict[str, set[str]]:
        """Members with their hashes, once all jobs have ended."""
        self.settle()
        found = audience_id if audience_id is not None else max(self.members)
        return self.members[found]

    # Calls

    def handle(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        with self.lock:
            lost = False
            fault = self._fault(method, parts.path, body)
            if fault is not None and not fault.is_after:
                status, answer, extra = fault.status, fault.body, fault.headers
            else:
                status, answer, extra = self._answer(
                    method, parts.path, query, headers, body
                )
                lost = fault is not None
                is_upload = parts.path == RECORDS and status == 202
                if lost and is_upload and not self.is_orderly:
                    # nobody will ever look at it: it ends by itself, and first
                    self._apply(self.jobs[f"job-{len(self.jobs)}"])
            media = extra.get("Content-Type") or self._media(parts.path)
            content = answer if isinstance(answer, bytes) else b""
            if answer is not None and not isinstance(answer, bytes):
                content = json.dumps(answer).encode()
            if self.keeps_exchanges:
                self.exchanges.append(
                    Exchange(
                        method,
                        parts.path,
                        query,
                        dict(headers),
                        body,
                        status,
                        content,
                        media,
                    )
                )
            if lost:
                raise AnswerLostError
            return status, content, {"Content-Type": media, **extra}

    def _fault(self, method: str, path: str, body: bytes) -> Fault | None:
        for fault in self.faults:
            if (
                fault.times > 0
                and fault.method == method
                and path.startswith(fault.path)
                and fault.when(body)
            ):
                fault.times -= 1
                return fault
        return None

    @staticmethod
    def _media(path: str) -> str:
        if path.startswith((LINKS, "/amc/accounts")):
            return "application/vnd.amcaudiencesconnections.v1+json"
        if path.startswith("/amc/instances"):
            return "application/vnd.amcinstances.v1+json"
        if path.startswith("/amc/audiences"):
            return "application/vnd.amcaudiences.v1+json"
        return "application/json"

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Response:
        if path == "/auth/o2/token":
            return self._token(body)
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.good_tokens:
            return 401, {"message": "Unauthorized"}, {}
        assert headers.get("Amazon-Advertising-API-ClientId"), "no client id"
        parsed = json.loads(body) if body and len(body) < self.most_bytes else {}
        if path.startswith(LINKS):
            found = self._links(method, path, query, parsed)
        elif path.startswith(METADATA):
            found = self._metadata(method, path, parsed)
        elif path == RECORDS:
            found = self._upload(body, parsed)
        elif path.startswith(RECORDS):
            found = self._job(path.removeprefix(f"{RECORDS}/"))
        else:
            found = self._look_up(path, query, headers)
        return found

    def _look_up(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Response:
        if path == "/amc/accounts":
            return 200, {"amcAccounts": self.accounts}, {}
        assert path == "/amc/instances"
        account = headers["Amazon-Advertising-API-AdvertiserId"]
        assert headers["Amazon-Advertising-API-MarketplaceId"]
        start = int(query.get("nextToken", "0"))
        ids = self.instances[account]
        found: dict[str, Any] = {"instances": [_instance(ids[start])]}
        if start + 1 < len(ids):
            found["nextToken"] = str(start + 1)
        return 200, found, {}

    def _token(self, body: bytes) -> Response:
        form = dict(parse_qsl(body.decode()))
        assert form["grant_type"] == "refresh_token"
        self.tokens += 1
        token = f"Atza|{self.tokens}"
        self.good_tokens = {token}
        return 200, {"access_token": token, "expires_in": 3600}, {}

    def _links(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: dict[str, Any],
    ) -> Response:
        if path.endswith("/terms"):
            if method == "PATCH":
                assert body == {"agreementToken": "terms-1", "hasAccepted": True}
                self.has_accepted = True
                return 204, None, {}
            terms = {"agreementToken": "terms-1", "hasAccepted": self.has_accepted}
            return 200, terms, {}
        if method == "POST":
            made = {**body, "connectionId": f"connection-{len(self.connections) + 1}"}
            self.connections.append(made)
            return 201, {"connectionId": made["connectionId"]}, {}
        assert method == "GET", "connections are never deleted"
        wanted = query.get("connectionId")
        found = [c for c in self.connections if wanted in {None, c["connectionId"]}]
        return 200, {"connections": found}, {}

    def _metadata(self, method: str, path: str, body: dict[str, Any]) -> Response:
        if method == "POST":
            return self._create(body)
        audience_id = int(path.rpartition("/")[2])
        audience = self.audiences.get(audience_id)
        if audience is None:
            return 404, {"message": "audienceId not found"}, {}
        if method == "PUT":
            assert set(body) <= {"description", "metadata"}
            if "description" in body:
                audience["description"] = body["description"]
            audience["metadata"].update(body.get("metadata", {}))
        return 200, {"audienceId": audience_id, **audience}, {}

    def _create(self, body: dict[str, Any]) -> Response:
        external = body["metadata"]["externalAudienceId"]
        known = [
            number
            for number, found in self.audiences.items()
            if found["metadata"]["externalAudienceId"] == external
        ]
        if known and self.repeats == "refused":
            return 400, {"message": "externalAudienceId exists"}, {}
        if known and self.repeats == "same":
            audience_id = known[0]
        else:
            audience_id = FIRST_ID + len(self.audiences)
            kept = {k: body[k] for k in ("name", "description", "countryCode")}
            self.audiences[audience_id] = {**kept, "metadata": dict(body["metadata"])}
            self.members[audience_id] = {}
        made = {"audienceId": audience_id, "externalAudienceId": external}
        return 201, made, {}

    def _upload(self, body: bytes, parsed: dict[str, Any]) -> Response:
        self.largest = max(self.largest, len(body))
        if len(body) > self.most_bytes:
            return 413, {"message": "too large"}, {}
        records = parsed["records"]
        if not isinstance(parsed["audienceId"], int):
            return 400, {"Message": "STRING_VALUE can not be converted to a Long"}, {}
        assert parsed["audienceId"] in self.audiences
        assert 1 <= len(records) <= 10_000
        for record in records:
            words = self._complaint(record)
            if words:
                return 400, {"Message": words}, {}
        number = f"job-{len(self.jobs) + 1}"
        self.jobs[number] = Job(
            parsed["audienceId"],
            records,
            self.looks,
            self.states.pop(0) if self.states else "SUCCEEDED",
            [
                {"externalId": r["externalUserId"], "error": self.invalid[i]}
                for r in records
                if (i := r["externalUserId"]) in self.invalid
            ],
        )
        return 202, {"jobRequestId": number}, {}

    def _complaint(self, record: dict[str, Any]) -> str | None:
        external = record["externalUserId"]
        assert EXTERNAL.fullmatch(external), external
        assert record["action"] in {"CREATE", "DELETE"}
        assert 1 <= len(record["hashedPII"]) <= 100
        for pii in record["hashedPII"]:
            assert pii, "an empty object is useless"
            assert set(pii) <= PII
            for value in pii.values():
                assert HASH.fullmatch(value), "not a hash"
                assert value != EMPTY, "the hash of nothing"
        return self.bad_ids.get(external)

    def _job(self, number: str) -> Response:
        job = self.jobs.get(number)
        if job is None:
            return 404, {"message": "job not found"}, {}
        found: dict[str, Any] = {"jobRequestId": number, "jobState": "PENDING"}
        if job.looks > 0:
            job.looks -= 1
            return 200, found, {}
        self._apply(job)
        found["jobState"] = job.state
        found["invalidRecords"] = [
            {"audienceId": str(job.audience_id), **entry} for entry in job.invalid
        ]
        return 200, found, {}

    def _apply(self, last: Job) -> None:
        """Carry out a job, after all that were accepted before it."""
        for job in self.jobs.values() if self.is_orderly else (last,):
            if not job.is_applied and job.state != "FAILED":
                self._carry_out(job)
            if job is last:
                return

    def _carry_out(self, job: Job) -> None:
        job.is_applied = True
        members = self.members[job.audience_id]
        bad = {entry["externalId"] for entry in job.invalid}
        for record in job.records:
            external = record["externalUserId"]
            if external in bad:
                continue
            hashes = {json.dumps(p, sort_keys=True) for p in record["hashedPII"]}
            held = members.setdefault(external, set())
            if record["action"] == "CREATE":
                held |= hashes
            elif self.delete_by == "pii":
                held -= hashes
            else:
                held.clear()
            if not held:
                del members[external]


def _instance(number: str) -> dict[str, object]:
    return {
        "instanceId": number,
        "instanceName": number,
        "creationStatus": "COMPLETED",
        "creationDatetime": "2026-01-01T00:00:00Z",
        "apiEndpoint": "https://none.example",
        "awsAccountId": "1",
        "dataUploadAwsAccountId": "1",
        "entities": [],
        "s3BucketName": "b",
        "s3BucketRegion": "r",
    }


class FakeAdapter(BaseAdapter):
    """Hands requests to the fake without a socket."""

    def __init__(self, amazon: FakeAmazon) -> None:
        super().__init__()
        self._amazon = amazon

    def send(  # type: ignore[override] # the options of a socket mean nothing here
        self, request: requests.PreparedRequest, **_options: object
    ) -> requests.Response:
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        assert isinstance(body, bytes)
        try:
            status, content, headers = self._amazon.handle(
                request.method or "", request.url or "", request.headers, body
            )
        except AnswerLostError:
            raise requests.ConnectionError from None
        answer = requests.Response()
        answer.status_code = status
        answer.headers.update(headers)
        answer._content = content
        answer.request = request
        return answer

    def close(self) -> None:
        """Nothing is open."""


class FakeTransport(Transport):
    """The real transport, retries and all, on the fake."""

    def __init__(self, amazon: FakeAmazon, max_attempts: int = 3) -> None:
        super().__init__(
            user_agent="tests", max_attempts=max_attempts, retry_wait=0.0001
        )
        self._amazon = amazon

    def session(self) -> requests.Session:
        session = super().session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, FakeAdapter(self._amazon))
        return session


@contextmanager
def served(amazon: FakeAmazon) -> Iterator[str]:
    """Serve the fake on a loopback port; yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, content, headers = amazon.handle(
                    self.command,
                    self.path,
                    dict(self.headers.items()),
                    body,
                )
            except AnswerLostError:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815

        def log_message(self, *_args: object) -> None:
            """Keep the test's output clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hashes_of(records: list[dict[str, Any]]) -> Counter[str]:
    """Count records by external id."""
    return Counter(record["externalUserId"] for record in records)
