"""Create, list and revoke sharing rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.audiences.parsing import check_media
from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.contract import ACTIVE, AMC
from amazon_emulator.data_manager.counters import RULE_REPEATED, RULE_REVOKED
from amazon_emulator.data_manager.parsing import named_in
from amazon_emulator.data_manager.service import DataManagerService
from amazon_emulator.data_manager.sharing_rules.validation import (
    validate_filters,
    validate_rule,
)
from amazon_emulator.http import Call, RefusalError, route

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.data_manager.accounts import AdmAccount, Destination
    from amazon_emulator.data_manager.sharing_rules.store import SharingRule
    from amazon_emulator.data_manager.sharing_rules.validation import NewRule

_NAMED = ("dataSetId", "destinationAccountId", "application")


class RulesService(DataManagerService):
    """`/adm/sharingRules`."""

    def names(self, call: Call) -> set[str]:
        """A rule of faults may name dataset, destination and application."""
        names = super().names(call)
        if call.operation == "adm_create_rule":
            names |= named_in(call.body, *_NAMED)
        return names

    @route("POST", "/adm/sharingRules", "adm_create_rule")
    def create(self, call: Call, account: AdmAccount) -> Response:
        """Create a rule; a second one that shares the same raises an alarm."""
        made = validate_rule(self.read(call))
        if self._datasets.find(account.account_id, made.dataset_id) is None:
            raise RefusalError(404, "The dataset does not exist")
        destination = self._destination(account, made)
        rule, is_second = self._rules.create(
            account.account_id, made, destination, _lasting_status(call)
        )
        if is_second:
            self._counters.alarm(RULE_REPEATED)
        return self.respond(self._shown(rule, rule.status))

    @route("POST", "/adm/sharingRules/list", "adm_rules")
    def listing(self, call: Call, account: AdmAccount) -> Response:
        """List the rules that pass the filters; all of them, also revoked ones."""
        filters = validate_filters(self.read(call, optional=True))
        found = self._rules.look(account.account_id, filters)
        name = f"rules|{account.account_id}"
        page, more = self._pages.page(name, found, filters.size, filters.token)
        word = call.fault("status_word")
        shown = [
            self._shown(rule, word.text("word") if word else rule.status)
            for rule in page
        ]
        return self.respond({"sharingRules": shown, **more})

    @route("PATCH", "/adm/sharingRules/<rule_id>/revoke", "adm_revoke_rule")
    def revoke(self, call: Call, account: AdmAccount) -> Response:
        """Revoke a rule, which raises an alarm."""
        check_media(call, self.media_type, has_body=False)
        if not self._rules.revoke(account.account_id, call.arguments["rule_id"]):
            raise RefusalError(404, "The sharing rule does not exist")
        self._counters.alarm(RULE_REVOKED)
        return self.empty()

    def _destination(self, account: AdmAccount, made: NewRule) -> Destination:
        """Return what a rule names, if it is linked with data sharing (403)."""
        found = [
            destination
            for destination in self._accounts.destinations(account, made.application)
            if destination.account_id == made.destination_id
        ]
        if not found or made.destination_id in account.unshared:
            text = "The destination is not linked with the data sharing permission"
            raise RefusalError(403, text)
        for destination in found:
            if destination.marketplace_id == made.marketplace_id:
                return destination
        raise RefusalError(400, "The destination is not in this marketplace")

    def _shown(self, rule: SharingRule, status: str) -> dict[str, object]:
        made = rule.made
        dataset = self._datasets.find(rule.account_id, made.dataset_id)
        optional = {
            "accountEntityId": made.entity_id,
            "activationTime": rule.activated_at and format_instant(rule.activated_at),
            "revokedTime": rule.revoked_at and format_instant(rule.revoked_at),
            "revokedBy": rule.status if rule.is_revoked else None,
            "dataSetName": dataset and dataset.made.name,
            "metadata": _metadata(rule, status),
        }
        return {
            "sharingRuleId": rule.rule_id,
            "application": made.application,
            "dataSetId": made.dataset_id,
            "destinationAccountId": made.destination_id,
            "destinationEntityName": rule.destination.name,
            "marketplaceId": made.marketplace_id,
            "creationTime": format_instant(rule.created_at),
            "status": status,
            **{key: value for key, value in optional.items() if value is not None},
        }


def _lasting_status(call: Call) -> str | None:
    """Return the status that a fault rule gives to a new rule for ever."""
    word, waits = call.fault("status_word"), call.fault("never_ready")
    if word is not None:
        return word.text("word")
    return None if waits is None else waits.text("status")


def _metadata(rule: SharingRule, status: str) -> dict[str, object] | None:
    """Return the metadata of a rule; an audience has its ids once it is ACTIVE."""
    if rule.made.application == AMC:
        return {"amcMetadata": dict(rule.made.metadata)}
    if status != ACTIVE:
        return None
    name = rule.made.metadata["audienceName"]
    return {"audienceMetadata": {**rule.audience, "audienceName": name}}
