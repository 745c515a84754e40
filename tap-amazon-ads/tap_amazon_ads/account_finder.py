"""Finds the accounts of a run: who the token sees, who is read, who is missing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeVar

from singer_amazon.errors import CallError, RejectedError
from singer_amazon.shards.shard import Shard
from singer_amazon.sync.summary import Problem
from tap_amazon_ads.accounts import (
    ATTRIBUTION,
    Account,
    Advertiser,
    Profile,
    agency_account,
    linked_account,
    profile_account,
    read_advertiser,
    read_linked,
    read_profile,
)
from tap_amazon_ads.client import AdsClient

logger = logging.getLogger(__name__)

T = TypeVar("T")
KINDS = ("seller", "vendor", "agency")


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The account settings, ids as text; empty means all."""

    region: str
    kinds: frozenset[str]
    profile_ids: frozenset[str]
    excluded: frozenset[str]
    advertiser_ids: frozenset[str]
    excluded_streams: Mapping[str, frozenset[str]]
    """By account: the streams it does not get."""
    shard: Shard = field(default_factory=Shard)
    """Which of the accounts are read."""

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> AccountSettings:
        """Read the settings of a tap."""
        return cls(
            region=str(config["region"]),
            kinds=frozenset(config.get("account_types") or KINDS),
            profile_ids=_texts(config.get("profile_ids")),
            excluded=_texts(config.get("exclude_profile_ids")),
            advertiser_ids=_texts(config.get("advertiser_ids")),
            excluded_streams={
                account.strip(): _texts(streams)
                for account, streams in (config.get("exclude_streams") or {}).items()
            },
            shard=Shard.of(config),
        )


def _texts(values: Iterable[Any] | None) -> frozenset[str]:
    return frozenset(str(value).strip() for value in values or ())


def _is_refusal(error: CallError) -> bool:
    """Whether Amazon said no, and not merely "not now"."""
    return (
        isinstance(error, RejectedError)
        and error.status != HTTPStatus.TOO_MANY_REQUESTS
    )


class AccountFinder:
    """The accounts of one run, each list asked for once, when it is needed."""

    def __init__(
        self,
        client: AdsClient,
        settings: AccountSettings,
        *,
        in_background: Callable[[Callable[[], list[Any]]], list[Any]],
        note: Callable[[Problem], None],
    ) -> None:
        self._client = client
        self._settings = settings
        self._in_background = in_background
        self._note = note
        self._is_checked = False
        self._lacks_a_list = False
        """Whether a list of advertisers could not be read."""

    @cached_property
    def profiles(self) -> list[Profile]:
        """All profiles the token sees, by id."""
        raw = self._in_background(self._client.profiles)
        profiles = []
        for item in raw:
            profile = read_profile(item)
            if profile is None:
                listed = str(item.get("profileId"))
                self._note_missing(
                    "a profile",
                    "/v2/profiles lists one whose profileId is no number "
                    f"({listed[:40]!r}): it is left out",
                    is_ours=self._settings.shard.has(listed),
                )
            else:
                profiles.append(profile)
        return sorted(profiles, key=lambda p: (len(p.profile_id), p.profile_id))

    @cached_property
    def used_profiles(self) -> list[Profile]:
        """The profiles whose reports are read; what is missing is noted."""
        settings = self._settings
        seen = {profile.profile_id for profile in self.profiles}
        missing = (settings.profile_ids | settings.excluded) - seen
        for profile_id in self._of_shard(missing):
            self._note_missing(
                f"profile {profile_id}",
                f"the token does not see it in region {settings.region}: check the id, "
                "the region, and whether the user has access",
            )
        return [profile for profile in self.profiles if self._is_used(profile)]

    def _is_used(self, profile: Profile) -> bool:
        """Whether a profile is read; one that is named and cannot be is a failure."""
        settings = self._settings
        is_named = profile.profile_id in settings.profile_ids
        if profile.profile_id in settings.excluded:
            return False
        if settings.profile_ids and not is_named:
            return False
        if profile.subtype == ATTRIBUTION:
            reason = "it is of Amazon Attribution, which has none of these reports"
        elif profile.kind not in KINDS:
            reason = (
                f"its type {profile.kind or 'none'!r} is not known to this version, "
                f"which reads {', '.join(KINDS)}"
            )
            if not is_named:
                logger.warning("%s is left out: %s", profile.label, reason)
        elif profile.kind not in settings.kinds:
            reason = f"account_types leaves out {profile.kind}"
        else:
            return True
        if is_named and settings.shard.has(profile.profile_id):
            self._note_missing(profile.label, f"profile_ids names it, but {reason}")
        return False

    def _of_shard(self, ids: Iterable[str]) -> list[str]:
        """Return the ids of this shard: each is complained of by one run."""
        return sorted(filter(self._settings.shard.has, ids))

    @cached_property
    def shard_profiles(self) -> list[Profile]:
        """The profiles of this shard that the token sees, by id."""
        has = self._settings.shard.has
        return [profile for profile in self.profiles if has(profile.profile_id)]

    @cached_property
    def sponsored_accounts(self) -> list[Account]:
        """Sellers and vendors of this shard."""
        has = self._settings.shard.has
        return [account for account in self._all_sponsored if has(account.key)]

    @cached_property
    def dsp_accounts(self) -> list[Account]:
        """Agencies with their advertisers, then linked advertisers, of this shard."""
        has = self._settings.shard.has
        return [account for account in self._all_dsp if has(account.key)]

    def ids(self, *, lists_profiles: bool, reads_dsp: bool) -> set[str]:
        """Return whom runs of this shard read, or miss: that is said by them, too."""
        settings, seen = self._settings, {p.profile_id for p in self.profiles}
        named = settings.profile_ids | settings.excluded | {*settings.excluded_streams}
        found = {account.key for account in self.sponsored_accounts} | (named - seen)
        if lists_profiles:
            found |= seen
        if reads_dsp:
            accounts = self._all_dsp
            read = {a.advertiser_id for one in accounts for a in one.advertisers}
            found |= {account.key for account in accounts}
            found |= settings.advertiser_ids - read
            found |= {p.profile_id for p in self.used_profiles if p.kind == "agency"}
        return set(self._of_shard(found))

    @cached_property
    def _all_sponsored(self) -> list[Account]:
        return [
            profile_account(profile)
            for profile in self.used_profiles
            if profile.kind in {"seller", "vendor"}
        ]

    @cached_property
    def _all_dsp(self) -> list[Account]:
        """Agencies with their advertisers, then linked advertisers, of all shards.

        An advertiser belongs to the first agency that lists it, else to its link:
        whoever reads a link must know of all agencies.
        """
        accounts: list[Account] = []
        taken: set[str] = set()
        for profile in self.used_profiles:
            if profile.kind != "agency":
                continue
            mine = self._members(self._advertisers_of(profile), taken)
            if mine:
                accounts.append(agency_account(profile, mine))
            else:
                logger.info("%s has no advertisers to read", profile.label)
        if "agency" in self._settings.kinds and not self._settings.profile_ids:
            linked = self._members(self._linked(), taken)
            accounts += [linked_account(advertiser) for advertiser in linked]
        # where a list is missing nobody can say who is not in it
        missing = () if self._lacks_a_list else self._settings.advertiser_ids - taken
        for advertiser_id in self._of_shard(missing):
            self._note_missing(
                f"advertiser {advertiser_id}",
                f"no agency in region {self._settings.region} lists it and it is not "
                "linked: check the id and the region",
            )
        return accounts

    def gets(self, account: Account, stream: str) -> bool:
        """Whether this account is to be read for this stream."""
        return stream not in self._settings.excluded_streams.get(account.key, ())

    def check_excluded(self) -> None:
        """Note accounts of `exclude_streams` that are not there: a slip, mostly."""
        named = set(self._settings.excluded_streams)
        named -= {profile.profile_id for profile in self.profiles}
        # asking for advertisers costs calls: only where one may be meant
        if named:
            named -= {account.key for account in self._all_dsp}
        for account in self._of_shard(named):
            self._note_missing(
                f"account {account}",
                "exclude_streams names it, but the token does not see it in region "
                f"{self._settings.region}: check the id",
            )

    def check_any(self) -> None:
        """Note a problem where there is no account at all, in any shard; once."""
        if self._is_checked:
            return
        self._is_checked = True
        count = len(self._all_sponsored) or len(self._all_dsp)
        if not count:
            self._note_no_account()
        elif not self.sponsored_accounts and not self.dsp_accounts:
            shard = self._settings.shard
            logger.info("Shard %s has no account: there is nothing to read", shard)

    def _note_no_account(self) -> None:
        if self._lacks_a_list:  # there may be some: that one is missing is said
            return
        region, seen = self._settings.region, len(self.profiles)
        self._note_missing(
            f"region {region}",
            f"no usable profile: the token sees {seen} profiles there. A token "
            "sees only profiles of the region it asks (NA, EU or FE): check "
            "region, profile_ids and account_types",
        )

    def _members(
        self, advertisers: Iterable[Advertiser], taken: set[str]
    ) -> list[Advertiser]:
        only = self._settings.advertiser_ids
        mine = [
            advertiser
            for advertiser in advertisers
            if advertiser.advertiser_id not in taken
            and (not only or advertiser.advertiser_id in only)
        ]
        taken.update(advertiser.advertiser_id for advertiser in mine)
        return mine

    def _advertisers_of(self, profile: Profile) -> list[Advertiser]:
        try:
            raw = self._in_background(
                lambda: list(self._client.advertisers(profile.profile_id))
            )
        except CallError as error:
            self._lacks_a_list = True
            self._note_missing(
                profile.label,
                f"its advertisers cannot be listed: {error}",
                is_ours=self._settings.shard.has(profile.profile_id),
            )
            return []
        found = [read_advertiser(item) for item in raw]
        if None in found:
            self._note_missing(
                profile.label,
                "/dsp/advertisers lists an advertiser whose advertiserId is no number: "
                "it is left out",
                is_ours=self._settings.shard.has(profile.profile_id),
            )
        return [advertiser for advertiser in found if advertiser is not None]

    def _linked(self) -> list[Advertiser]:
        try:
            return read_linked(self._in_background(self._client.manager_accounts))
        except CallError as error:
            if _is_refusal(error):  # most tokens have no manager account
                logger.info("No linked advertisers are read: %s", error)
            else:
                self._lacks_a_list = True
                self._note_missing(
                    "linked advertisers", f"they cannot be listed: {error}"
                )
            return []

    def _note_missing(self, account: str, reason: str, *, is_ours: bool = True) -> None:
        """Note what is not read; what another shard reads is no failure of this run."""
        if not is_ours:
            reason = f"{reason} (it is of another shard, whose run reads it or fails)"
        self._note(Problem(account, "", "", reason, is_ours))
