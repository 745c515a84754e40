"""One run over all selected endpoints: which lists to read, whose turn it is.

All accounts and streams take turns: while Amazon makes one wait, the others go on,
and so do reports that were asked for. Everything here runs in the main thread.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_amazon.http.transport import Response
from singer_amazon.rate_limits import Rate
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.endpoints.calls import Record
from tap_amazon_sp.endpoints.places import Place, Places
from tap_amazon_sp.endpoints.plan import Plan, plan
from tap_amazon_sp.endpoints.walk import Walk
from tap_amazon_sp.host import Host

if TYPE_CHECKING:
    from tap_amazon_sp.endpoints.streams import EndpointStream

logger = logging.getLogger(__name__)

PROGRESS_EVERY = timedelta(seconds=30)
LONG_WAIT = timedelta(seconds=5)
_SHOWN = 20


class EndpointRun:
    """Reads the selected endpoint streams of one run, in turns."""

    def __init__(self, tap: Host, streams: Iterable[EndpointStream]) -> None:
        self._tap = tap
        self._streams = {stream.name: stream for stream in streams}
        self._places = Places(cast("dict[str, Any]", tap.state))
        self._is_over = False
        self._told_at = tap.clock.now()

    @cached_property
    def walks(self) -> list[Walk]:
        """What there is to read, planned when the first stream runs."""
        planned = plan(self._tap, list(self._streams.values()), self._places)
        return [self._walk(entry) for entry in planned]

    def _walk(self, entry: Plan) -> Walk:
        return Walk(
            entry.listing,
            entry.params,
            entry.places,
            entry.cutter,
            limit=entry.limit,
            caller=AccountCaller(self._tap, entry.account),
            output=self,
            is_test=self._tap.is_test,
        )

    def read(self, stream: EndpointStream) -> None:
        """Read until a stream has all of its rows, or the time is up."""
        mine = [
            walk
            for walk in self.walks
            if any(place.table is stream.table for place in walk.places)
        ]
        while not self._is_over and any(not walk.is_done for walk in mine):
            self._turn()

    # --- turns -------------------------------------------------------------

    def _turn(self) -> None:
        """Make the call that may be made first."""
        tap = self._tap
        tap.writer.check()
        tap.look_after_reports()
        if tap.clock.now() >= tap.deadline:
            self._end()
            return
        walk = min((w for w in self.walks if not w.is_done), key=Walk.ready_at)
        ready = walk.ready_at()
        now = tap.clock.now()  # not before it was asked: ready is never earlier
        if ready > now:
            self._wait(walk, ready, now)
            return
        walk.step()
        tap.write_state()

    def _wait(self, walk: Walk, ready: datetime, now: datetime) -> None:
        if ready - now > LONG_WAIT:
            self._ask_for_reports()
            tap = self._tap
            now = tap.clock.now()
        if now - self._told_at >= PROGRESS_EVERY:
            self._told_at = now
            self._tell(walk, ready)
        self._tap.wait_until(min(ready, now + PROGRESS_EVERY))

    def _ask_for_reports(self) -> None:
        """Let Amazon work on reports while this waits."""
        tap = self._tap
        if not tap.is_test and any(
            isinstance(stream, ReportStream) and stream.selected
            for stream in tap.streams.values()
        ):
            tap.session  # noqa: B018 - planned and asked for when first used

    def _tell(self, walk: Walk, ready: datetime) -> None:
        logger.info(
            "Endpoints: %d of %d lists read, %d pages, %d records; %s goes on at %s",
            sum(w.is_done for w in self.walks),
            len(self.walks),
            sum(w.pages for w in self.walks),
            sum(w.records for w in self.walks),
            walk.name,
            f"{ready:%H:%M:%S} UTC",
        )

    def _end(self) -> None:
        """Leave the rest for the next run."""
        self._is_over = True
        left = [walk for walk in self.walks if not walk.is_done]
        for walk in left:
            walk.time_up()
        shown = "; ".join(_left_of(walk) for walk in left[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        logger.warning(
            "Time is up: the next run goes on with %d lists: %s%s",
            len(left),
            shown,
            more,
        )

    # --- what walks bring (Output) -----------------------------------------

    def page(self, place: Place, records: Sequence[Record]) -> None:
        """See `calls.Output`."""
        self._stream(place).look_at(records)

    def write(self, place: Place, records: Sequence[Record]) -> None:
        """See `calls.Output`."""
        name = place.table.name
        self._tap.stats.rows[name] += self._stream(place).write(place, records)

    def moved(self, place: Place) -> None:
        """See `calls.Output`."""
        if not self._tap.is_test:
            self._places.note(place)
            self._tap.state_store.touched()

    def failed(self, place: Place, what: str, reason: str) -> None:
        """See `calls.Output`."""
        self._tap.stats.add(Problem(place.label, place.table.name, what, reason))

    def _stream(self, place: Place) -> EndpointStream:
        return self._streams[place.table.name]


def _left_of(walk: Walk) -> str:
    marks = [place.bookmark for place in walk.places if place.bookmark is not None]
    since = f" from {min(marks):%Y-%m-%d %H:%M}" if marks else ""
    return f"{walk.name}{since}"


class AccountCaller:
    """The calls of one account, each at the pace of its operation."""

    def __init__(self, tap: Host, account: Account) -> None:
        self._tap = tap
        self._account = account

    def ready_at(self, operation: str, rate: Rate | None) -> datetime:
        """See `calls.Caller`."""
        return self._tap.limiters.ready_at((self._account.name, operation), rate)

    def get(
        self,
        operation: str,
        rate: Rate | None,
        path: str,
        params: Mapping[str, Any],
    ) -> Response | None:
        """See `calls.Caller`; a signal is answered while the call is made."""
        return self._tap.limiters.call(
            (self._account.name, operation),
            rate,
            lambda: self._tap.in_background(
                lambda: self._account.client.call(operation, "GET", path, params=params)
            ),
        )
