"""Which lists of which accounts a run reads, and from when on."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from singer_amazon.errors import ConfigError
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.settings import day
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.endpoints.bookmarks import BookmarkStore, TableBookmark
from tap_amazon_sp.endpoints.definitions import Listing, Table
from tap_amazon_sp.endpoints.status_sweep import Slicer, swept
from tap_amazon_sp.endpoints.streams import EndpointStream
from tap_amazon_sp.endpoints.time_slices import (
    FIRST_HOURS,
    SETTLING,
    TimeSlicer,
    newest,
)
from tap_amazon_sp.marketplaces import Marketplace, by_id
from tap_amazon_sp.periods import START_DAYS
from tap_amazon_sp.timestamps import midnight, parse_instant

logger = logging.getLogger(__name__)

_HISTORY_MARGIN = timedelta(hours=1)
"""Amazon counts its days from the call, which is later than the run's start."""

_MAX_DAYS = 3660


@dataclass(frozen=True, slots=True)
class ListingPlan:
    """One list to read for one account."""

    listing: Listing
    account: Account
    params: Mapping[str, Any]
    bookmarks: Sequence[tuple[TableBookmark, datetime]]
    """Each table of it, and from when on it needs records."""
    slicer: Slicer
    limit: datetime
    """Where a bookmark may move to at most."""
    settled: datetime
    """What was to be found before must have turned up by now."""
    now: datetime
    max_runs: int
    """In how many runs a record is tried before it is given up."""
    marketplace_id: str = ""


@dataclass(frozen=True, slots=True)
class _RequestScope:
    """One account, and the marketplaces one request of a listing is for."""

    account: Account
    marketplaces: tuple[str, ...]
    zone: tzinfo

    @property
    def label(self) -> str:
        """The account as people know it."""
        found = [by_id(text) for text in self.marketplaces]
        codes = [m.code if m else "?" for m in found]
        where = f"{self.account.name} in {', '.join(codes)}"
        return where if codes else self.account.label


def plan_listings(
    run: RunContext,
    accounts: AccountFinder,
    streams: Sequence[EndpointStream],
    bookmarks: BookmarkStore,
) -> list[ListingPlan]:
    """Return what to read: tables of one listing are read together."""
    groups: dict[int, list[EndpointStream]] = {}
    for stream in streams:
        groups.setdefault(id(stream.table.listing), []).append(stream)
    planned = []
    for group in groups.values():
        scopes = list(_scopes(accounts, group))
        scopes = scopes[:1] if run.asks_one_account else scopes
        planned += [_plan(run, scope, group, bookmarks) for scope in scopes]
    return planned


def _scopes(
    accounts: AccountFinder, group: Sequence[EndpointStream]
) -> Iterable[_RequestScope]:
    listing = group[0].table.listing
    names = ", ".join(stream.name for stream in group)
    for account in accounts.all:
        if listing.kinds and account.kind not in listing.kinds:
            logger.info(
                "%s: left out for %s, which is a %s", names, account.name, account.kind
            )
        elif listing.is_by_marketplace:
            for marketplace in account.marketplaces:
                only = (marketplace.marketplace_id,)
                yield _RequestScope(account, only, _zone(marketplace))
        elif listing.marketplace_param is not None:
            ids = _named(listing, account)
            if ids:
                yield _RequestScope(account, ids, _zone(by_id(ids[0])))
            else:
                logger.info(
                    "%s: left out for %s: none of its marketplaces is in %s",
                    names,
                    account.name,
                    listing.marketplace_param,
                )
        else:
            yield _RequestScope(
                account, (), _zone(next(iter(account.marketplaces), None))
            )


def _named(listing: Listing, account: Account) -> tuple[str, ...]:
    """Return the marketplaces the settings name that are not of another region."""
    value = listing.params[listing.marketplace_param or ""]
    texts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    ids = tuple(str(text).strip() for text in texts if str(text).strip())
    return tuple(
        text
        for text in ids
        if (known := by_id(text)) is None or known.region == account.region
    )


def _plan(
    run: RunContext,
    scope: _RequestScope,
    group: Sequence[EndpointStream],
    bookmarks: BookmarkStore,
) -> ListingPlan:
    listing = group[0].table.listing
    holdback = max(_lateness(run, "holdback_days", s.table) for s in group)
    _warn_of_unknown_bound(run, listing, [s.name for s in group])
    _check_fixed_span(run, listing, [s.name for s in group])
    limit = newest(run.stats.started) - holdback
    end = _end(run, listing, scope.zone, limit)
    starts = []
    for stream in group:
        bookmark = _bookmark(stream, scope)
        _load(run, bookmarks, bookmark)
        starts.append((bookmark, _start(run, listing, bookmark, scope.zone, end)))
    lookback = min(_lateness(run, "lookback_days", s.table) for s in group)
    slicer = _slicer(listing, starts, end)
    return ListingPlan(
        listing=listing,
        account=scope.account,
        params=listing.params_for(scope.marketplaces),
        bookmarks=[(b, min(start, b.oldest_open or start)) for b, start in starts],
        # whoever has open rows shares its listing with nobody
        slicer=slicer if run.is_test else swept(slicer, starts[0][0].open_rows),
        limit=limit,
        # what the next run reads again need not have turned up by now
        settled=limit
        if lookback >= SETTLING
        else min(limit, newest(run.stats.started) - SETTLING),
        now=run.stats.started,
        max_runs=run.config["gap_max_runs"],
        marketplace_id=next(iter(scope.marketplaces), ""),
    )


def _slicer(
    listing: Listing, starts: Sequence[tuple[TableBookmark, datetime]], end: datetime
) -> TimeSlicer:
    hours = [bookmark.slice_hours or FIRST_HOURS for bookmark, _ in starts]
    documented = listing.documented
    return TimeSlicer(
        min(start for _, start in starts),
        end,
        hours=listing.slice_hours,
        first_hours=min(hours),
        is_bounded=listing.updated_before is not None,
        max_length=documented.longest(listing.slice_hours) if documented else None,
    )


def _load(run: RunContext, bookmarks: BookmarkStore, bookmark: TableBookmark) -> None:
    """Read a bookmark, and repeat what was given up for as long as it is kept."""
    if (warning := bookmarks.load(bookmark)) is not None:
        logger.warning(warning)
    if bookmark.forget(run.stats.started) and not run.is_test:
        bookmarks.note(bookmark)
    for record in bookmark.given_up.values():
        when = record.closed_at or run.stats.started
        words = f"given up on {when.date()}: {record.reason}"
        name = bookmark.table.name
        run.stats.add(
            Problem(bookmark.label, name, record.path, words, is_failure=False)
        )


def _warn_of_unknown_bound(
    run: RunContext, listing: Listing, names: Sequence[str]
) -> None:
    """Amazon ignores parameters it does not know: all would come each time."""
    bounds = listing.documented.bounds if listing.documented else {}
    if bounds and listing.updated_at and listing.updated_at not in bounds:
        run.warn_once(
            f"endpoints.{', '.join(names)}: updated_at_param {listing.updated_at} is "
            f"none that Amazon documents for {listing.path}; there are "
            f"{', '.join(bounds)}"
        )


def _check_fixed_span(run: RunContext, listing: Listing, names: Sequence[str]) -> None:
    """Refuse dates of the settings that Amazon would answer with nothing.

    Raises:
        ConfigError: they are further apart than Amazon answers.
    """
    known = listing.documented
    if listing.updated_at is not None or known is None or known.max_span is None:
        return
    for after, before in known.bounds.items():
        first = parse_instant(listing.params.get(after))
        last = parse_instant(listing.params.get(before or "")) or run.stats.started
        if first is not None and last - first > known.max_span:
            msg = (
                f"endpoints.{', '.join(names)}: params.{after} is more than "
                f"{known.max_span.days} days before the end: Amazon answers no longer "
                f"span. Set updated_at_param to {after}: it is read in slices then"
            )
            raise ConfigError(msg)


def _bookmark(stream: EndpointStream, scope: _RequestScope) -> TableBookmark:
    context = {"account_name": scope.account.name}
    if stream.table.listing.has_marketplace:
        context["marketplace_id"] = ",".join(scope.marketplaces)
    return TableBookmark(stream.table, context, scope.label)


# --- from when to when ---------------------------------------------------------


def _start(
    run: RunContext,
    listing: Listing,
    bookmark: TableBookmark,
    zone: tzinfo,
    end: datetime,
) -> datetime:
    """Return from when on a table needs records."""
    if run.is_test:
        return end - timedelta(hours=FIRST_HOURS)
    set_to = day(run.config, "start_date")
    first = None if set_to is None else midnight(set_to, zone)
    if bookmark.position is None:
        given = parse_instant(listing.params.get(listing.updated_at or ""))
        usual = run.stats.started - timedelta(days=START_DAYS)
        return _kept(run, bookmark, given or first or usual.replace(microsecond=0))
    if first is not None and first > bookmark.position:
        logger.warning(
            "%s of %s: start_date %s is after the bookmark: what changed between is "
            "not read",
            bookmark.table.name,
            bookmark.label,
            set_to,
        )
        return _kept(run, bookmark, first)
    start = bookmark.position - _lateness(run, "lookback_days", bookmark.table)
    start = start if first is None else max(start, first)
    return _kept(run, bookmark, start, bookmark.position)


def _kept(
    run: RunContext,
    bookmark: TableBookmark,
    start: datetime,
    needed: datetime | None = None,
) -> datetime:
    """Return a start that is not before what Amazon keeps; say what is lost so.

    `needed` is from when on something would be lost.
    """
    listing = bookmark.table.listing
    documented = listing.documented
    history = documented.history if documented and listing.updated_at else None
    if history is None:
        return start
    oldest = (run.stats.started - history + _HISTORY_MARGIN).replace(microsecond=0)
    if (needed or start) < oldest:
        logger.warning(
            "%s of %s: Amazon keeps %d days of this: it is read from %s on, nothing "
            "before",
            bookmark.table.name,
            bookmark.label,
            history.days,
            f"{oldest:%Y-%m-%d %H:%M} UTC",
        )
    return max(start, oldest)


def _lateness(run: RunContext, name: str, table: Table) -> timedelta:
    """Return look-back or hold-back of a table: by its name in the settings first."""
    by_stream = run.config.get(name)
    listing = table.listing
    if listing.updated_at is None:
        return timedelta(0)
    if isinstance(by_stream, Mapping) and by_stream.get(table.name) is not None:
        return timedelta(days=min(float(by_stream[table.name]), _MAX_DAYS))
    return listing.lookback if name == "lookback_days" else listing.holdback


def _end(run: RunContext, listing: Listing, zone: tzinfo, limit: datetime) -> datetime:
    """Return until when records are read."""
    ends = [limit]
    last = day(run.config, "end_date")
    if last is not None:
        ends.append(midnight(last + timedelta(days=1), zone))
    given = parse_instant(listing.params.get(listing.updated_before or ""))
    if given is not None:
        ends.append(given)
    return min(ends)


def _zone(marketplace: Marketplace | None) -> tzinfo:
    return timezone.utc if marketplace is None else ZoneInfo(marketplace.zone)
