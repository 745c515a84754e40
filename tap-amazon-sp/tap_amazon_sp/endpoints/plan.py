"""Which lists of which accounts a run reads, and from when on."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from singer_amazon.tap.settings import day
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.endpoints.instants import instant
from tap_amazon_sp.endpoints.places import Place, Places
from tap_amazon_sp.endpoints.slices import FIRST_HOURS, Cutter, newest
from tap_amazon_sp.endpoints.tables import Listing
from tap_amazon_sp.host import Host
from tap_amazon_sp.marketplaces import Marketplace, by_id

if TYPE_CHECKING:
    from tap_amazon_sp.endpoints.streams import EndpointStream

logger = logging.getLogger(__name__)

DEFAULT_START_DAYS = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """One list to read for one account."""

    listing: Listing
    account: Account
    params: Mapping[str, Any]
    places: Sequence[tuple[Place, datetime]]
    """Each table of it, and from when on it needs records."""
    cutter: Cutter
    limit: datetime
    """Where a bookmark may move to at most."""


@dataclass(frozen=True, slots=True)
class _Where:
    """One account, and the marketplaces one request of a listing is for."""

    account: Account
    marketplaces: tuple[str, ...]
    zone: tzinfo

    @property
    def label(self) -> str:
        """The account as people know it."""
        found = [by_id(text) for text in self.marketplaces]
        codes = [m.code if m else "?" for m in found]
        return (
            f"{self.account.name} in {', '.join(codes)}"
            if codes
            else (self.account.label)
        )


def plan(tap: Host, streams: Sequence[EndpointStream], places: Places) -> list[Plan]:
    """Return what to read: tables of one listing are read together."""
    groups: dict[int, list[EndpointStream]] = {}
    for stream in streams:
        groups.setdefault(id(stream.table.listing), []).append(stream)
    planned = []
    for group in groups.values():
        listing = group[0].table.listing
        wheres = list(_wheres(tap, listing, group))
        if tap.is_test:
            wheres = wheres[:1]
        planned += [_plan(tap, listing, where, group, places) for where in wheres]
    return planned


def _wheres(
    tap: Host, listing: Listing, group: Sequence[EndpointStream]
) -> Iterable[_Where]:
    names = ", ".join(stream.name for stream in group)
    for account in tap.accounts.all:
        if listing.kinds and account.kind not in listing.kinds:
            logger.info(
                "%s: left out for %s, which is a %s",
                names,
                account.name,
                account.kind,
            )
        elif listing.is_by_marketplace:
            for marketplace in account.marketplaces:
                only = (marketplace.marketplace_id,)
                yield _Where(account, only, _zone(marketplace))
        elif listing.marketplace_param is not None:
            ids = _named(listing, account)
            if ids:
                yield _Where(account, ids, _zone(by_id(ids[0])))
            else:
                logger.info(
                    "%s: left out for %s: none of its marketplaces is in %s",
                    names,
                    account.name,
                    listing.marketplace_param,
                )
        else:
            yield _Where(account, (), _zone(next(iter(account.marketplaces), None)))


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
    tap: Host,
    listing: Listing,
    where: _Where,
    group: Sequence[EndpointStream],
    places: Places,
) -> Plan:
    end = _end(tap, listing, where.zone)
    wanted = []
    for stream in group:
        place = _place(stream, where)
        if (warning := places.load(place)) is not None:
            logger.warning(warning)
        wanted.append((place, _start(tap, listing, place, where.zone, end)))
    start = min(start for _, start in wanted)
    hours = [place.slice_hours or FIRST_HOURS for place, _ in wanted]
    return Plan(
        listing=listing,
        account=where.account,
        params=_params(listing, where),
        places=wanted,
        cutter=Cutter(
            start,
            end,
            hours=listing.slice_hours,
            first_hours=min(hours),
            is_bounded=listing.updated_before is not None,
        ),
        limit=newest(tap.stats.started),
    )


def _place(stream: EndpointStream, where: _Where) -> Place:
    context = {"account_name": where.account.name}
    if stream.table.listing.has_marketplace:
        context["marketplace_id"] = ",".join(where.marketplaces)
    return Place(stream.table, context, where.label)


def _params(listing: Listing, where: _Where) -> dict[str, Any]:
    if listing.is_by_marketplace:
        return listing.params_for(where.marketplaces[0])
    params = listing.params_for(None)
    if listing.marketplace_param is not None:
        params[listing.marketplace_param] = list(where.marketplaces)
    return params


# --- from when to when ---------------------------------------------------------


def _start(
    tap: Host, listing: Listing, place: Place, zone: tzinfo, end: datetime
) -> datetime:
    """Return from when on a table needs records."""
    if tap.is_test:
        return end - timedelta(hours=FIRST_HOURS)
    set_to = day(tap.config, "start_date")
    first = None if set_to is None else _midnight(set_to, zone)
    if place.bookmark is None:
        given = instant(listing.params.get(listing.updated_at or ""))
        usual = tap.stats.started - timedelta(days=DEFAULT_START_DAYS)
        return given or first or usual.replace(microsecond=0)
    if first is not None and first > place.bookmark:
        logger.warning(
            "%s of %s: start_date %s is after the bookmark: what changed between is "
            "not read",
            place.table.name,
            place.label,
            set_to,
        )
        return first
    return place.bookmark


def _end(tap: Host, listing: Listing, zone: tzinfo) -> datetime:
    """Return until when records are read."""
    ends = [newest(tap.stats.started)]
    last = day(tap.config, "end_date")
    if last is not None:
        ends.append(_midnight(last + timedelta(days=1), zone))
    given = instant(listing.params.get(listing.updated_before or ""))
    if given is not None:
        ends.append(given)
    return min(ends)


def _midnight(of: date, zone: tzinfo) -> datetime:
    return datetime.combine(of, time(), zone).astimezone(timezone.utc)


def _zone(marketplace: Marketplace | None) -> tzinfo:
    return timezone.utc if marketplace is None else ZoneInfo(marketplace.zone)
