"""What can be counted: the data room, datasets, and the counters of one dataset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.audiences.parsing import check_media, with_keys
from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.contract import DATASET_IDS, METRICS, METRICS_TYPE
from amazon_emulator.data_manager.datasets.dataset_routes import USER
from amazon_emulator.data_manager.datasets.metrics import summed
from amazon_emulator.data_manager.parsing import instant, page_size, texts
from amazon_emulator.data_manager.service import DataManagerService
from amazon_emulator.http import Call, RefusalError, route

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.data_manager.accounts import AdmAccount
    from amazon_emulator.data_manager.datasets.store import Dataset

_METRICS = "/adm/datasets/<dataset_id>/metrics"


class MetricsService(DataManagerService):
    """`/adm/datasets/list`, its metrics, and `/adm/datarooms/metadata`."""

    media_type = error_type = METRICS_TYPE

    @route("GET", "/adm/datarooms/metadata", "adm_dataroom_counts")
    def dataroom(self, call: Call, account: AdmAccount) -> Response:
        """Count datasets, destinations and linked accounts."""
        check_media(call, self.media_type, has_body=False)
        in_use = self._rules.active_destinations(account.account_id)
        return self.respond(
            {
                "totalDataSets": len(self._datasets.of_account(account.account_id)),
                "dataSetsInUse": len({dataset for dataset, _ in in_use}),
                "activeDestinations": len({destination for _, destination in in_use}),
                "linkedAccounts": self._accounts.link_count(account),
            }
        )

    @route("POST", "/adm/datasets/list", "adm_dataset_details")
    def details(self, call: Call, account: AdmAccount) -> Response:
        """List datasets; `search` is a part of the name, `order` is ignored."""
        query = call.request.args
        found = self._datasets.of_account(account.account_id)
        body = with_keys("The body", self.read(call, optional=True), ("datasetIds",))
        named = texts(body, "datasetIds", DATASET_IDS[1])
        if named is not None:
            found = [dataset for dataset in found if dataset.dataset_id in named]
        part = query.get("search", "").lower()
        found = [dataset for dataset in found if part in dataset.made.name.lower()]
        size = page_size(query, "maxResults")
        name = f"details|{account.account_id}"
        page, more = self._pages.page(name, found, size, query.get("nextToken"))
        return self.respond({"datasets": [self._details(x) for x in page], **more})

    @route("GET", _METRICS, "adm_metrics")
    def metrics(self, call: Call, account: AdmAccount) -> Response:
        """Show the counters of a dataset, as far as they have come."""
        check_media(call, self.media_type, has_body=False)
        dataset = self.find_dataset(call, account)
        counts, made = summed(self._datasets.look(dataset)), dataset.made
        retention = (
            {} if made.id_retention is None else {"idRetention": made.id_retention}
        )
        return self.respond(
            {
                "dataSetId": dataset.dataset_id,
                "name": made.name,
                "description": made.description or "",
                "countryCode": made.country,
                "dataSetType": "AUDIENCE",
                "dataSetSource": "API",
                "createdBy": USER,
                "dateCreated": format_instant(dataset.created_at),
                "lastModified": format_instant(dataset.modified_at),
                **retention,
                "uploadCount": counts.uploaded,
                "acceptedCount": counts.accepted,
                "invalidRecordCount": counts.invalid,
                "recordsWithIdentity": counts.accepted,
                "recordsResolved": counts.consented,
                "matchRecordPercentage": counts.match_percentage,
            }
        )

    @route("POST", f"{_METRICS}/aggregates", "adm_aggregates")
    def aggregates(self, call: Call, account: AdmAccount) -> Response:
        """Show the counters by hour."""
        dataset = self.find_dataset(call, account)
        keys = ("startDate", "endDate", "metrics")
        body = with_keys("The body", self.read(call, optional=True), keys)
        names = texts(body, "metrics", least=0) or METRICS
        if not set(names) <= set(METRICS):
            raise RefusalError(400, f"metrics must be of {', '.join(METRICS)}")
        start, end = instant(body, "startDate"), instant(body, "endDate")
        shown = {
            format_instant(hour): {
                name: number
                for name, number in counts.by_name().items()
                if name in names
            }
            for hour, counts in self._datasets.look(dataset).items()
            if (start is None or hour + timedelta(hours=1) > start)
            and (end is None or hour <= end)
        }
        return self.respond({"metrics": shown})

    def _details(self, dataset: Dataset) -> Mapping[str, object]:
        made, modified = dataset.made, format_instant(dataset.modified_at)
        in_use = self._rules.active_destinations(dataset.account_id)
        optional = {"description": made.description, "idRetention": made.id_retention}
        return {
            "datasetId": dataset.dataset_id,
            "name": made.name,
            "countryCode": made.country,
            "source": "API",
            "actions": ["SHARE", "DELETE"],
            "schema": "AUDIENCE",
            "records": self._datasets.size(dataset),
            "activeDestinations": sum(x == dataset.dataset_id for x, _ in in_use),
            "createdAt": format_instant(dataset.created_at),
            "updatedAt": modified,
            "lastModified": modified,
            "lastModifiedBy": USER,
            **{key: value for key, value in optional.items() if value is not None},
        }
