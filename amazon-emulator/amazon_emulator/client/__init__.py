"""A client for the control calls; needs the standard library only.

`emulator_client` has all calls, those of `audiences`, `data_manager`,
`selling_partner`, `data_kiosk` and `notifications` included;
`statistics` is what has been asked so far, `control_client` the HTTP below.
"""

from amazon_emulator.client.audiences import AudienceView, JobView, MemberView
from amazon_emulator.client.control_client import EmulatorError
from amazon_emulator.client.data_kiosk import KioskQueryView
from amazon_emulator.client.data_manager import (
    DatasetMemberView,
    DatasetView,
    SharingRuleView,
)
from amazon_emulator.client.emulator_client import EmulatorClient
from amazon_emulator.client.selling_partner import SpRefusal, SpReportView
from amazon_emulator.client.statistics import Create, RefusedCreate, Statistics

__all__ = [
    "AudienceView",
    "Create",
    "DatasetMemberView",
    "DatasetView",
    "EmulatorClient",
    "EmulatorError",
    "JobView",
    "KioskQueryView",
    "MemberView",
    "RefusedCreate",
    "SharingRuleView",
    "SpRefusal",
    "SpReportView",
    "Statistics",
]
