"""What Ads Data Manager allows, as plain values; the validation applies them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from amazon_emulator.audiences import contract as audiences

JSON = "application/json"
MEMBERS_TYPE = "application/vnd.admAudiences.v1+json"
METRICS_TYPE = "application/vnd.admmetrics.v1+json"
DELETION_TYPE = "application/vnd.admDataDeletion.v1+json"

MANAGER_HEADER = "Amazon-Ads-Manager-Account-ID"
ADVERTISER_HEADER = "Amazon-Ads-AccountId"
REQUEST_ID = "Amazon-Advertising-API-RequestId"

DATASET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{4,99}")
DESCRIPTION_LENGTH = (1, 1000)
AUDIENCE_NAME_LENGTH = (10, 127)
MEMBERS = (1, 10_000)
IDENTITIES = 10
"""Most hashed objects of a member, and most external identities."""
TARGET_IDENTITIES = (1, 1000)
PAGE = (1, 100)
DATASET_IDS = (1, 100)

UNKNOWN_COUNTRIES = frozenset({audiences.UNKNOWN_COUNTRY, "ZZ"})
COUNTRIES = audiences.COUNTRIES | UNKNOWN_COUNTRIES
CONSENT_VALUES = audiences.CONSENT_VALUES
HASHED_FIELDS: Mapping[str, str] = dict(
    zip(
        ("em", "ph", "fn", "ln", "ad", "cty", "st", "zip"),
        audiences.PII_FIELDS,
        strict=True,
    )
)
"""The hashed fields, and what the audiences API calls them."""
EXTERNAL_FIELDS = (
    *("maId", "liveRampId", "transunionId", "neustarId", "merkleId", "experianId"),
    *("kantarId", "realId", "sambaTvId"),
)
METRICS = ("RECEIVED", "VALID", "CONSENTED", "RESOLVED")
DSP, AMC = "DSP_AUDIENCES", "AMAZON_MARKETING_CLOUD"
APPLICATIONS = (AMC, DSP, "EVENTS_MANAGER", "GEO_LOCATIONS", "PUBTECH")
METADATA: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    DSP: (("audienceName", "description", "externalAudienceId"), ("audienceName",)),
    AMC: (("amcInstanceId", "amcInstanceName"), ("amcInstanceId",)),
}
"""What the metadata of a rule may say, and what it must say."""
METADATA_KEYS: Mapping[str, str] = {DSP: "audienceMetadata", AMC: "amcMetadata"}

PENDING, ACTIVE = "PENDING", "ACTIVE"
REVOKED_BY_USER, REVOKED_BY_DATASET = "REVOKED_BY_USER", "REVOKED_BY_DATASET"
REVOKED_BY_SHARING_GRANT = "REVOKED_BY_SHARING_GRANT"
STATUSES = (
    *(PENDING, ACTIVE, REVOKED_BY_USER, REVOKED_BY_DATASET),
    *(REVOKED_BY_SHARING_GRANT, "SHADOW"),
)
AWS_REGIONS = {"NA": "us-east-1", "EU": "eu-west-1", "FE": "us-west-2"}

_EDIT, _VIEW = "ads_data_manager_edit", "ads_data_manager_view"
_MANAGER, _DEVELOPER = "MasterAccount_Manager", "ManagerAccount_Dev"
_VIEWER = "MasterAccount_Viewer"
MANAGER_ROLES = (_EDIT, _VIEW, _MANAGER, _DEVELOPER, _VIEWER)
ADVERTISER_ROLES = (
    *("audiences_edit", "audiences_view", "account_edit"),
    "advertiser_campaign_edit",
)


@dataclass(frozen=True, slots=True)
class Roles:
    """Any of these a user of the account needs for an operation."""

    manager: tuple[str, ...]
    advertiser: tuple[str, ...]


_READ = Roles(MANAGER_ROLES, ("audiences_edit",))
_CREATE = Roles((_EDIT, _MANAGER, _DEVELOPER), ("audiences_edit",))
_SEND = Roles((_EDIT,), ("account_edit", "advertiser_campaign_edit", "audiences_edit"))
_DELETE = Roles((_EDIT, _MANAGER, _DEVELOPER), ("account_edit",))
_COUNT = Roles((_EDIT, _VIEW, _MANAGER, _VIEWER), ("audiences_edit", "audiences_view"))
ROLES: Mapping[str, Roles] = {
    "adm_terms": _READ,
    "adm_accept_terms": _READ,
    "adm_create_dataroom": _READ,
    "adm_dataroom": _READ,
    "adm_dataroom_counts": _COUNT,
    "adm_create_dataset": _CREATE,
    "adm_datasets": _READ,
    "adm_dataset": _READ,
    "adm_members": _SEND,
    "adm_dataset_details": _COUNT,
    "adm_delete_dataset": _DELETE,
    "adm_metrics": _COUNT,
    "adm_aggregates": _COUNT,
    "adm_delete_identities": _SEND,
    "adm_create_rule": _READ,
    "adm_rules": _READ,
    "adm_revoke_rule": _CREATE,
}
"""Operation -> who may call it."""
WITHOUT_TERMS = ("adm_terms", "adm_accept_terms")
WITHOUT_DATAROOM = (*WITHOUT_TERMS, "adm_create_dataroom", "adm_dataroom")
