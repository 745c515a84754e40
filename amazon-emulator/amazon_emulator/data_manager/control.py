"""The control calls about Ads Data Manager: accounts, datasets, members, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.audiences.control import listed_in_pieces
from amazon_emulator.control import OK, ControlError, removed
from amazon_emulator.http import Json, Routed, route

if TYPE_CHECKING:
    from amazon_emulator.data_manager.accounts import AdmAccounts
    from amazon_emulator.data_manager.datasets.store import DatasetStore
    from amazon_emulator.data_manager.sharing_rules.store import RuleStore

_DATASET = "/adm/datasets/<dataset_id>"


class AdmControl(Routed):
    """Shows and changes what a person would in the console; no alarm is raised."""

    def __init__(
        self, accounts: AdmAccounts, datasets: DatasetStore, rules: RuleStore
    ) -> None:
        self._accounts, self._datasets, self._rules = accounts, datasets, rules

    @route("GET", "/adm/accounts")
    def _all_accounts(self) -> object:
        return self._accounts.all()

    @route("PUT", "/adm/accounts/<account_id>")
    def _set_account(self, body: Json, account_id: str) -> Json:
        account = self._accounts.set(account_id, body)
        self._rules.sharing_ends(account_id, account.unshared)
        return account.as_json()

    @route("GET", "/adm/datasets")
    def _all_datasets(self) -> object:
        return self._datasets.all()

    @route("DELETE", _DATASET)
    def _delete(self, dataset_id: str) -> Response:
        self._rules.dataset_is_gone(dataset_id)
        return removed(self._datasets.remove(dataset_id))

    @route("GET", f"{_DATASET}/members")
    def _members(self, dataset_id: str) -> Response:
        found = self._datasets.members(dataset_id)
        if found is None:
            message = f"There is no dataset {dataset_id}."
            raise ControlError(message)
        return Response(listed_in_pieces(found), content_type="application/json")

    @route("GET", "/adm/sharing-rules")
    def _all_rules(self) -> object:
        return self._rules.all()

    @route("PUT", "/adm/sharing-rules/<rule_id>")
    def _set_rule(self, body: Json, rule_id: str) -> Json:
        if not self._rules.set_status(rule_id, str(body["status"])):
            message = f"There is no sharing rule {rule_id}."
            raise ControlError(message)
        return OK
