"""Send members to a dataset, and delete identities from all of them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amazon_emulator.audiences.parsing import check_media, with_keys
from amazon_emulator.audiences.uploads.acceptance import invalid_by_rule, refuse_record
from amazon_emulator.audiences.uploads.body_preview import count_records, first_record
from amazon_emulator.data_manager.contract import (
    DELETION_TYPE,
    MEMBERS_TYPE,
    TARGET_IDENTITIES,
)
from amazon_emulator.data_manager.counters import IDENTITIES_DELETED, PERSONAL_DATA
from amazon_emulator.data_manager.datasets.members import packed_identity
from amazon_emulator.data_manager.datasets.validation import (
    Sorted,
    check_count,
    check_identity,
    check_member,
    holds_clear_text,
    identity_problem,
    read_members,
    shown_error,
    sort_members,
)
from amazon_emulator.data_manager.service import DataManagerService
from amazon_emulator.http import Call, RefusalError, route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug import Response

    from amazon_emulator.data_manager.accounts import AdmAccount
    from amazon_emulator.data_manager.datasets.store import Dataset

_CLEAR = re.compile(rb'@|"\+[0-9]{7,15}"')
"""E-mail addresses and phone numbers; hashes and other ids look like neither."""


class MembersService(DataManagerService):
    """`POST /adm/audiences/{dataSetId}/members`."""

    media_type = MEMBERS_TYPE

    @route("POST", "/adm/audiences/<dataset_id>/members", "adm_members")
    def upload(self, call: Call, account: AdmAccount) -> Response:
        """Take the members that are valid, and name the others by index."""
        if _CLEAR.search(call.body):
            self._counters.alarm(PERSONAL_DATA)
        settings = self._state.settings
        most = settings.adm_max_request_bytes
        if most and len(call.body) > most:
            raise RefusalError(413, f"The request is larger than {most} bytes")
        dataset = self.find_dataset(call, account)
        found = self._sorted(call, dataset)
        self._datasets.take(dataset, found)
        self._counters.upload(dataset.dataset_id, found, len(call.body))
        body: dict[str, object] = {}
        if not settings.adm_omit_ingress_id:
            body["ingressId"] = str(uuid.uuid4())
        errors = [self._error(*error) for error in found.errors[: _listed(call)]]
        return self.respond({**body, **({"errors": errors} if errors else {})})

    def _sorted(self, call: Call, dataset: Dataset) -> Sorted:
        """Return what becomes of the members; a setting leaves them unread."""
        mode = self._state.settings.judge_records
        if mode != "all":
            check_media(call, self.media_type, has_body=True)
            count = count_records(call.body)
            check_count(count)
            if mode == "first":
                check_member("members[0]", first_record(call.body))
            return Sorted(count)
        members = read_members(self.read(call))
        refuse_record(call)
        settings = self._state.settings
        found = sort_members(
            members,
            dataset.made.country,
            needs=(settings.require_country, settings.adm_require_consent),
            refused=_refused_by_rules(call, members),
        )
        if any(holds_clear_text(members[index]) for index, _ in found.errors):
            self._counters.alarm(PERSONAL_DATA)
        return found

    def _error(self, index: int, reason: str) -> Mapping[str, object]:
        is_decimal = self._state.settings.adm_decimal_index
        number = float(index) if is_decimal else index
        return {"index": number, **shown_error(reason)}


class IdentitiesService(DataManagerService):
    """`POST /adm/identities/delete`, which no target may call."""

    media_type = DELETION_TYPE

    @route("POST", "/adm/identities/delete", "adm_delete_identities")
    def delete(self, call: Call, account: AdmAccount) -> Response:
        """Delete people from all datasets of the account, which raises an alarm."""
        names = ("targetIdentities",)
        body = with_keys("The request body", self.read(call), names, names)
        targets = body["targetIdentities"]
        least, most = TARGET_IDENTITIES
        if not isinstance(targets, list) or not least <= len(targets) <= most:
            message = f"targetIdentities must be a list of {least} to {most} items"
            raise RefusalError(400, message)
        for target in targets:
            _check_target(target)
        self._counters.alarm(IDENTITIES_DELETED)
        for target in targets:
            self._delete(account.account_id, target)
        return self.empty(200)

    def _delete(self, account_id: str, target: Mapping[str, Any]) -> None:
        if "externalUserId" in target:
            self._datasets.delete_user(account_id, target["externalUserId"])
        else:
            identity = packed_identity(target["identity"])
            self._datasets.delete_identity(account_id, identity)


def _check_target(value: object) -> None:
    name = "targetIdentities"
    target = with_keys(name, value, ("externalUserId", "identity"))
    if len(target) != 1:
        message = f"{name} must hold externalUserId or identity"
        raise RefusalError(400, message)
    if not isinstance(target.get("externalUserId", ""), str):
        raise RefusalError(400, f"{name}.externalUserId must be a string")
    if "identity" in target:
        check_identity(f"{name}.identity", target["identity"])
        problem = identity_problem(target["identity"])
        if problem:
            raise RefusalError(400, problem)


def _refused_by_rules(
    call: Call, members: Sequence[Mapping[str, Any]]
) -> dict[int, str]:
    reasons: dict[str, str] = {}
    for rule in call.faults:
        reasons.update(invalid_by_rule(rule, members))
    users = (member["externalUserId"] for member in members)
    return {i: reasons[user] for i, user in enumerate(users) if user in reasons}


def _listed(call: Call) -> int | None:
    """Return how many errors a fault rule lets the answer list."""
    rule = call.fault("invalid_record")
    if rule is None or rule.parameters["listed"] is None:
        return None
    return int(rule.number("listed"))
