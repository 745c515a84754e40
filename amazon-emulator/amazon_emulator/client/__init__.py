"""A client for the control calls; needs the standard library only.

`emulator_client` has all calls, those of `audiences` and `selling_partner` included;
`statistics` is what has been asked so far, `control_client` the HTTP below.
"""

from amazon_emulator.client.audiences import AudienceView, JobView, MemberView
from amazon_emulator.client.control_client import EmulatorError
from amazon_emulator.client.emulator_client import EmulatorClient
from amazon_emulator.client.selling_partner import SpRefusal, SpReportView
from amazon_emulator.client.statistics import Create, RefusedCreate, Statistics

__all__ = [
    "AudienceView",
    "Create",
    "EmulatorClient",
    "EmulatorError",
    "JobView",
    "MemberView",
    "RefusedCreate",
    "SpRefusal",
    "SpReportView",
    "Statistics",
]
