"""All audiences and uploads of one emulator.

An upload is applied to its member set when its job is ready, not before. Nobody has to
watch for that: whatever asks about members settles what is due first, oldest first.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from amazon_emulator.audiences.contract import TTL_SECONDS
from amazon_emulator.audiences.counters import AudienceCounters
from amazon_emulator.audiences.uploads.jobs import FAILED, PENDING, Job, Upload
from amazon_emulator.audiences.uploads.members import MemberSet, unpack
from amazon_emulator.clock import format_instant
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from amazon_emulator.audiences.audience_validation import Changes, Fees, NewAudience
    from amazon_emulator.faults.rules import Rule

_HOUR = timedelta(hours=1)
_LEAST_ID, _ID_SPAN = 10**17, 8 * 10**17


@dataclass(slots=True)
class Audience:
    """One audience; members and counters included."""

    audience_id: int
    made: NewAudience
    description: str
    ttl: float
    fees: Fees
    region: str | None
    """The region of its DSP advertiser; None: it is known on every host."""
    created_at: datetime
    members: MemberSet = field(default_factory=MemberSet)
    received: int = 0
    """Records of all its jobs that were processed."""


class AudienceStore:
    """Audiences by id and jobs by id; all methods hold the core's lock."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self.counters = AudienceCounters()
        self.reset()

    def reset(self) -> None:
        """Forget everything; ids start anew."""
        with self._state.lock:
            self._audiences: dict[int, Audience] = {}
            self._jobs: dict[str, Job] = {}
            self._pending: dict[str, Job] = {}
            self.counters.clear()
            self._sent: dict[str, deque[tuple[datetime, int]]] = defaultdict(deque)

    def create(self, made: NewAudience, region: str | None) -> Audience:
        """Store a new audience under an id beyond 2^53."""
        with self._state.lock:
            audience = Audience(
                self._new_id(len(self._audiences)),
                made,
                made.description,
                made.ttl,
                made.fees,
                region,
                self._state.clock.now(),
            )
            self._audiences[audience.audience_id] = audience
        return audience

    def same(self, made: NewAudience) -> Audience | None:
        """Return the first audience with this external id and target."""
        asked = (made.external_id, made.connection_id, made.advertiser_id)
        with self._state.lock:
            everyone = list(self._audiences.values())
        for audience in everyone:
            had = audience.made
            if asked == (had.external_id, had.connection_id, had.advertiser_id):
                return audience
        return None

    def find(self, audience_id: int) -> Audience | None:
        """Return an audience if this host knows it."""
        found = self._audiences.get(audience_id)
        if found is None or found.region in (None, self._state.settings.region):
            return found
        return None

    def update(self, audience: Audience, changes: Changes) -> None:
        """Change an audience; what is left out stays or goes as the setting says."""
        is_kept = self._state.settings.update_omitted == "keep"
        with self._state.lock:
            if changes.description is not None or not is_kept:
                audience.description = changes.description or ""
            if changes.ttl is not None or not is_kept:
                audience.ttl = TTL_SECONDS[1] if changes.ttl is None else changes.ttl
            if changes.fees is not None or not is_kept:
                audience.fees = changes.fees or ()

    def begin(self, upload: Upload, rules: Sequence[Rule]) -> Job:
        """Begin a job; with nothing to wait for it is settled at once."""
        settings = self._state.settings
        with self._state.lock:
            seed = f"{settings.seed}|job|{len(self._jobs) + 1}|{upload.audience_id}"
            job = Job(
                str(seeded_uuid(seed)),
                upload,
                self._state.clock.now(),
                settings.job_ready_after_seconds.draw(f"{seed}|seconds"),
                round(settings.job_ready_after_looks.draw(f"{seed}|looks")),
                upload.audience_id not in self._audiences,
                rules,
            )
            self._jobs[job.job_id] = self._pending[job.job_id] = job
            self.counters.receive(upload.received, upload.invalid.values())
            self.settle()
        return job

    def poll(self, job_id: str, rules: Sequence[Rule]) -> tuple[Job, str] | None:
        """Count a look at a job and return it with the state to show."""
        with self._state.lock:
            self.settle()
            job = self._jobs.get(job_id)
            if job is None:
                return None
            shown = job.shown_state(rules)
            job.looks += 1
            return job, shown

    def settle(self) -> None:
        """Apply the uploads whose jobs are ready, in the order they became so."""
        now = self._state.clock.now()
        with self._state.lock:
            ready = [job for job in self._pending.values() if job.is_ready(now)]
            for job in sorted(ready, key=lambda job: job.due_at):
                del self._pending[job.job_id]
                self._apply(job, now if job.ready_after_looks else job.due_at)

    def throttle(self, connection_id: str, count: int) -> float:
        """Count records of a connection; above the limit return seconds to wait."""
        limit = self._state.settings.records_per_hour
        if not limit:
            return 0
        now = self._state.clock.now()
        with self._state.lock:
            sent = self._sent[connection_id]
            while sent and now - sent[0][0] >= _HOUR:
                sent.popleft()
            if sum(number for _, number in sent) + count <= limit:
                sent.append((now, count))
                return 0
            oldest = sent[0][0] if sent else now
            return max(1.0, (oldest + _HOUR - now).total_seconds())

    def as_json(self) -> dict[str, object]:
        """Return the part of the statistics that is about audiences."""
        self.settle()
        return self.counters.as_json()

    def audiences(self) -> list[dict[str, object]]:
        """Return all audiences for the control calls, oldest first."""
        with self._state.lock:
            self.settle()
            return [self._shown(audience) for audience in self._audiences.values()]

    def jobs(self, audience_id: int | None) -> list[dict[str, object]]:
        """Return all jobs (of one audience) for the control calls, oldest first."""
        with self._state.lock:
            self.settle()
            return [
                job.as_json()
                for job in self._jobs.values()
                if audience_id in (None, job.upload.audience_id)
            ]

    def members(
        self, audience_id: int, *, is_active: bool = True
    ) -> Iterator[dict[str, Any]] | None:
        """Return the members of an audience one by one; None: no such audience."""
        with self._state.lock:
            self.settle()
            audience = self._audiences.get(audience_id)
            if audience is None:
                return None
            now = self._state.clock.now()
            found = audience.members.items(now, audience.ttl, is_active=is_active)
            life = timedelta(seconds=audience.ttl)

        @lru_cache(maxsize=64)
        def times(added_at: datetime) -> dict[str, str]:
            expires_at = format_instant(added_at + life)
            return {"added_at": format_instant(added_at), "expires_at": expires_at}

        return (
            {
                "external_user_id": user_id,
                "hashed_pii": [unpack(packed) for packed in member.pii],
                "country_code": member.country,
                "user_consent": member.consent,
                **times(member.added_at),
            }
            for user_id, member in found
        )

    def sizes(self, audience: Audience) -> tuple[int, int]:
        """Return how many records of an audience were processed, and its members."""
        with self._state.lock:
            self.settle()
            now = self._state.clock.now()
            return audience.received, audience.members.count(now, audience.ttl)[0]

    def _apply(self, job: Job, at: datetime) -> None:
        job.state, job.settled_at = job.final_state(), at
        audience = self._audiences.get(job.upload.audience_id)
        entries = job.upload.entries.copy()
        job.upload.entries.clear()
        if job.state in (FAILED, PENDING) or audience is None:
            return
        delete_whole = self._state.settings.delete_by == "user_id"
        job.effect = audience.members.apply(entries, at, delete_whole=delete_whole)
        audience.received += job.upload.received
        self.counters.apply(job.effect)

    def _shown(self, audience: Audience) -> dict[str, object]:
        made, now = audience.made, self._state.clock.now()
        active, expired = audience.members.count(now, audience.ttl)
        return {
            "audience_id": audience.audience_id,
            "external_audience_id": made.external_id,
            "name": made.name,
            "description": audience.description,
            "country_code": made.country,
            "connection_id": made.connection_id,
            "advertiser_id": made.advertiser_id,
            "ttl": audience.ttl,
            "fees": list(audience.fees),
            "created_at": format_instant(audience.created_at),
            "members": active,
            "expired": expired,
            "received": audience.received,
        }

    def _new_id(self, number: int) -> int:
        """Return an odd number of 18 digits, which a double cannot hold."""
        seed = f"{self._state.settings.seed}|audience|{number}".encode()
        drawn = int.from_bytes(sha256(seed).digest()[:8], "big")
        return _LEAST_ID + drawn % _ID_SPAN | 1
