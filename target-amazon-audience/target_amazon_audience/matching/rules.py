"""What settings and API say about reading records."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from target_amazon_audience.matching.hashing import PII_FIELDS
from target_amazon_audience.matching.member import MAX_OBJECTS

ID_MODES = ("as_is", "sha256", "from_email", "from_phone")


@dataclass(frozen=True, slots=True)
class ApiRules:
    """What an API of Amazon's demands of records; these are the audience API's."""

    names: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {name: name for name in PII_FIELDS}
    )
    """What it calls the fields of personal data, in the order of ``PII_FIELDS``."""
    max_objects: int = MAX_OBJECTS
    """Sets of personal data that it takes of one person."""
    consent_everywhere: bool = False
    """Whether records of every country need consent."""
    one_country: bool = False
    """Whether a row has one country only: that of the consent, where it has one."""
    removal_needs_grant: bool = False
    """Whether it ignores removals without a consent signal that says GRANTED."""


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What the settings say about reading records."""

    country: str
    field_mapping: Mapping[str, str]
    modes: Mapping[str, str]
    normalisation: str = "recommended"
    external_id: str = "as_is"
    consent_mode: str = "strict"
    consent: Mapping[str, str] | None = None
    needs_consent: bool = True
    """What is only ever deleted needs none."""
    api: ApiRules = ApiRules()
