"""The control calls under `/_emulator/world`: profiles, advertisers, links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.control import OK, ControlError, removed
from amazon_emulator.http import Json, Routed, route

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.state import EmulatorState

_PROFILE = "/world/profiles/<profile_id>"
_LINK_KEYS = ("managerAccountId", "region")


class AdsAccountsControl(Routed):
    """Shows and changes the accounts of Amazon Ads."""

    def __init__(self, state: EmulatorState, accounts: AdsAccounts) -> None:
        self._state, self._accounts = state, accounts

    @route("GET", "/world")
    def _show(self) -> Json:
        return self._accounts.as_json()

    @route("PUT", "/world")
    def _replace(self, body: Json) -> Json:
        self._accounts.replace(body)
        return self._accounts.as_json()

    @route("POST", "/world/profiles")
    def _add_profile(self, body: Json) -> Json:
        self._accounts.add_profile(body)
        return OK

    @route("DELETE", _PROFILE)
    def _remove_profile(self, profile_id: str) -> Response:
        return removed(self._accounts.remove_profile(profile_id))

    @route("POST", f"{_PROFILE}/advertisers")
    def _add_advertisers(self, body: Json, profile_id: str) -> Json:
        listed = body["advertisers"]
        if not isinstance(listed, list):
            raise ControlError("advertisers must be a list of objects.")
        self._accounts.add_advertisers(profile_id, listed)
        return OK

    @route("DELETE", f"{_PROFILE}/advertisers/<key>")
    def _remove_advertiser(self, profile_id: str, key: str) -> Response:
        return removed(self._accounts.remove_advertiser(profile_id, key))

    @route("POST", "/world/links")
    def _add_link(self, body: Json) -> Json:
        manager_id = body.get("managerAccountId")
        region = str(body.get("region", self._state.settings.region))
        link = {key: value for key, value in body.items() if key not in _LINK_KEYS}
        name = None if manager_id is None else str(manager_id)
        self._accounts.add_link(name, link, region)
        return OK

    @route("DELETE", "/world/links/<key>")
    def _remove_link(self, key: str) -> Response:
        return removed(self._accounts.remove_link(key))
