"""The calls with members of one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_amazon_audience.delivery.models import Job, JobState, NotFoundError
from target_amazon_audience.errors import UploadError

if TYPE_CHECKING:
    from target_amazon_audience.data_manager.models import DataManagerApi
    from target_amazon_audience.delivery.ports import Receipt
    from target_amazon_audience.state.store import AudienceStore


@dataclass(frozen=True, slots=True)
class DatasetMembers:
    """Sends members to a dataset; ``key`` is what this target knows it by."""

    api: DataManagerApi
    store: AudienceStore
    key: str
    dataset_id: str

    def upload(self, body: bytearray) -> Receipt:
        """Send one request with members.

        Raises:
            UploadError: the dataset is gone; its id is forgotten.
        """
        try:
            return self.api.send_members(self.dataset_id, body)
        except NotFoundError as error:
            self.store.forgotten(self.key)
            msg = (
                f"Dataset {self.dataset_id} is gone at Amazon ({error}). Its id is "
                "forgotten; the next run looks for the dataset by its name."
            )
            raise UploadError(msg) from None

    def job(self, job_id: str) -> Job:
        """No request becomes a job here."""
        return Job(JobState.UNKNOWN, job_id)
