"""`check` of tap-amazon-ads: its token, its host, its profiles and advertisers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from singer_sdk import Stream

from singer_amazon.commands.check import SelectedStream, TapCheck, account_problems
from singer_amazon.commands.findings import Finding, refusal
from singer_amazon.errors import AmazonError
from singer_amazon.http.auth import TokenProvider
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.entities.list_streams import ListStream
from tap_amazon_ads.streams import AdsReportStream
from tap_amazon_ads.tap import TapAmazonAds


class AdsCheck(TapCheck):
    """One credential, one region, and the accounts that the token sees."""

    tap: TapAmazonAds

    def credentials(self) -> Iterator[tuple[str, TokenProvider]]:
        """Yield the one refresh token."""
        yield "refresh_token", self.tap.api_client.tokens

    def hosts(self) -> Iterable[tuple[str, str]]:
        """Yield the region; without a token the list of profiles is refused there."""
        url = self.tap.api_client.base_url
        yield str(self.tap.config["region"]), f"{url}/v2/profiles"

    def is_listing(self, stream: SelectedStream) -> bool:
        """Lists of entities are tried; those of accounts have lines of their own."""
        return isinstance(stream, ListStream)

    def accounts(self) -> Iterator[Finding]:
        """List profiles, and advertisers where a DSP report is selected."""
        finder = self.tap.accounts
        try:
            accounts = list(finder.sponsored_accounts)
            if self._asks_for_dsp():
                accounts += finder.dsp_accounts
            finder.check_any()
        except AmazonError as error:
            yield refusal("account", "list of profiles", error)
            return
        for account in accounts:
            yield Finding("account", account.label, "allowed", _words(account))
        yield from account_problems(self.tap.stats.problems)

    def _asks_for_dsp(self) -> bool:
        return any(
            stream.selected and _is_dsp(stream) for stream in self.tap.streams.values()
        )


def _is_dsp(stream: Stream) -> bool:
    if isinstance(stream, AdsReportStream):
        return stream.spec.is_dsp
    if isinstance(stream, ListStream):
        return stream.definition.of == "advertiser"
    return stream.name == "advertisers"


def _words(account: Account) -> str:
    if account.kind == "agency":
        return f"agency with {len(account.advertisers)} advertisers"
    return " ".join(filter(None, (account.kind, account.country, account.currency)))
