"""Create, list, show and delete datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.audiences.parsing import check_media
from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.counters import DATASET_DELETED
from amazon_emulator.data_manager.datasets.validation import validate_dataset
from amazon_emulator.data_manager.parsing import named_in, page_size
from amazon_emulator.data_manager.service import DataManagerService
from amazon_emulator.http import Call, RefusalError, route

if TYPE_CHECKING:
    from amazon_emulator.data_manager.accounts import AdmAccount
    from amazon_emulator.data_manager.datasets.store import Dataset

_PATH = "/adm/audiences"
USER = "amzn1.account.EMULATOR"
_COLUMNS = (
    ("externalUserId", "EXTERNAL_ID", False),
    ("action", "ACTION", False),
    ("em", "HASHED_EMAIL_ADDRESS", True),
    ("ph", "HASHED_PHONE_NUMBER", True),
    ("fn", "HASHED_FIRST_NAME", True),
    ("ln", "HASHED_LAST_NAME", True),
    ("ad", "HASHED_ADDRESS", True),
    ("cty", "HASHED_CITY", True),
    ("st", "HASHED_STATE", True),
    ("zip", "HASHED_ZIP_CODE", True),
    ("countryCode", "COUNTRY_CODE", False),
)


class _DuplicateError(RefusalError):
    def __init__(self, dataset_id: str) -> None:
        super().__init__(400, "A dataset with this name already exists")
        self.dataset_id = dataset_id


class DatasetsService(DataManagerService):
    """`/adm/audiences`, and `DELETE /adm/datasets/{dataSetId}`."""

    def names(self, call: Call) -> set[str]:
        """A rule may name the dataset to be created."""
        names = super().names(call)
        if call.operation == "adm_create_dataset":
            names |= named_in(call.body, "name")
        return names

    def error_body(self, refusal: RefusalError) -> object:
        """Return the id of the dataset whose name was taken, too."""
        body = super().error_body(refusal)
        if isinstance(refusal, _DuplicateError) and isinstance(body, dict):
            code = self._state.settings.adm_duplicate_code
            return {**body, "code": code, "datasetId": refusal.dataset_id}
        return body

    @route("POST", _PATH, "adm_create_dataset")
    def create(self, call: Call, account: AdmAccount) -> Response:
        """Create a dataset; a name that is taken is a 400 with that dataset's id."""
        made = validate_dataset(self.read(call))
        dataset, is_new = self._datasets.create(account.account_id, made)
        if not is_new:
            raise _DuplicateError(dataset.dataset_id)
        shown = {**_shown(dataset), "schema": _schema()}
        if self._state.settings.adm_omit_dataset_id:
            del shown["dataSetId"]
        return self.respond(shown, 201)

    @route("GET", _PATH, "adm_datasets")
    def listing(self, call: Call, account: AdmAccount) -> Response:
        """List the datasets of the account, oldest first."""
        check_media(call, self.media_type, has_body=False)
        query = call.request.args
        size = page_size(query, "limit")
        page, more = self._pages.page(
            f"datasets|{account.account_id}",
            self._datasets.of_account(account.account_id),
            size,
            query.get("nextToken"),
        )
        return self.respond({"dataSets": [_shown(x) for x in page], **more})

    @route("GET", f"{_PATH}/<dataset_id>", "adm_dataset")
    def show(self, call: Call, account: AdmAccount) -> Response:
        """Show one dataset with its columns."""
        check_media(call, self.media_type, has_body=False)
        dataset = self.find_dataset(call, account)
        return self.respond({**_shown(dataset), "schema": _schema()})

    @route("DELETE", "/adm/datasets/<dataset_id>", "adm_delete_dataset")
    def delete(self, call: Call, account: AdmAccount) -> Response:
        """Delete a dataset for good, which raises an alarm."""
        dataset = self.find_dataset(call, account)
        self._counters.alarm(DATASET_DELETED)
        self._datasets.remove(dataset.dataset_id)
        self._rules.dataset_is_gone(dataset.dataset_id)
        return self.empty()


def _shown(dataset: Dataset) -> dict[str, object]:
    made = dataset.made
    optional = {"description": made.description, "idRetention": made.id_retention}
    return {
        "dataSetId": dataset.dataset_id,
        "name": made.name,
        "countryCode": made.country,
        "dataSetType": "AUDIENCE",
        "clientName": "API",
        "createdBy": USER,
        "dateCreated": format_instant(dataset.created_at),
        "lastModified": format_instant(dataset.modified_at),
        "lastModifiedBy": USER,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _schema() -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "dataType": kind,
            "columnType": "DIMENSION",
            "isRequired": name in ("externalUserId", "action"),
            "requiresOneWayHashing": is_hashed,
        }
        for name, kind, is_hashed in _COLUMNS
    ]
