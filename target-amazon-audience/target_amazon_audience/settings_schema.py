"""What each setting is: stated here, once; ``settings`` checks values against it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from singer_sdk import typing as th

from singer_amazon.tap.settings_schema import CREDENTIALS
from target_amazon_audience.amc.payload import MAX_ROWS
from target_amazon_audience.matching.consent import CONSENT_MODES
from target_amazon_audience.matching.hashing import MODES, NORMALISATIONS
from target_amazon_audience.matching.rules import (
    ID_MODES,
)
from target_amazon_audience.state.database import DEFAULT_PATH

ACTIONS = ("CREATE", "UPDATE")
UPLOAD_MODES = ("APPEND", "DELETE", "MIRROR")
APIS = ("advertiser_audiences", "ads_data_manager")
TARGETS = ("AMC", "AMC_AND_DSP", "DSP", "NONE")
DUPLICATES = ("merge", "last")
MAX_TTL = 34_300_800
"""Seconds a member may stay: 397 days."""
MAX_WAIT_MINUTES = 1380
"""Minutes that a run may wait for Amazon."""
NAME_LENGTHS = (10, 128)
MAX_DESCRIPTION = 1000

_TEXTS = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}


def _text(name: str, title: str, description: str, **more: Any) -> th.Property[Any]:  # noqa: ANN401
    return th.Property(
        name, th.StringType, title=title, description=description, **more
    )


def _choice(
    name: str, title: str, description: str, values: tuple[str, ...]
) -> th.Property[Any]:
    return _text(name, title, description, default=values[0], allowed_values=[*values])


class Number(th.Property[Any]):
    """A number, with bounds that are no part of the JSON Schema.

    A value outside of them gets a sentence of ours, not one of the validator's.
    """

    def __init__(
        self,
        name: str,
        title: str,
        description: str,
        bounds: tuple[float, float],
        default: float | None = None,
        kind: type[th.JSONTypeHelper[Any]] | th.JSONTypeHelper[Any] = th.IntegerType,
    ) -> None:
        super().__init__(
            name, kind, title=title, description=description, default=default
        )
        self.bounds = bounds


DATA_MANAGER = (
    _text(
        "manager_account_id",
        "Manager account",
        "Ads Data Manager: the manager account (amzn1.ads1.ma1...), or else "
        "ads_account_id",
    ),
    _text(
        "ads_account_id",
        "Advertiser account",
        "Ads Data Manager: the DSP advertiser account (ENTITY...) where there is no "
        "manager account",
    ),
    _text(
        "dsp_account_id",
        "DSP account",
        "Ads Data Manager: account (ENTITY...) of the DSP advertiser; found by "
        "dsp_advertiser_id if left out",
    ),
    _text(
        "dsp_entity_id",
        "DSP entity",
        "Ads Data Manager: parent entity (ENTITY...) of the DSP advertiser, where "
        "Amazon asks for it",
    ),
    _text(
        "marketplace_id",
        "Marketplace",
        "Ads Data Manager: marketplace of the sharing rules; found by the linked "
        "account or the country if left out",
    ),
    th.Property(
        "id_retention",
        th.BooleanType,
        title="Keep hashes",
        description="Ads Data Manager: whether Amazon may keep the hashes for 90 days "
        "and match them anew; not set: Amazon decides",
    ),
    th.Property(
        "accept_adm_terms",
        th.BooleanType,
        default=False,
        title="Accept the terms of Ads Data Manager",
        description="Accept them in the name of the user who granted access",
    ),
    th.Property(
        "create_data_room",
        th.BooleanType,
        default=False,
        title="Create the data room",
        description="Ads Data Manager: make the account's data room if it has none",
    ),
    th.Property(
        "experimental_mirror",
        th.BooleanType,
        default=False,
        title="MIRROR, experimental",
        description="Ads Data Manager: allow upload_mode MIRROR, whose removals were "
        "not yet seen on a real account",
    ),
)

AUDIENCE = (
    _choice(
        "api",
        "API",
        "Amazon's API that takes the audience: advertiser_audiences, or "
        "ads_data_manager, which is experimental here",
        APIS,
    ),
    _choice(
        "action",
        "Action",
        "CREATE makes the audience, or goes on with the one made before for the same "
        "external_audience_id; UPDATE takes the one named by audience_id",
        ACTIONS,
    ),
    _choice(
        "upload_mode",
        "Upload mode",
        "APPEND adds the records, DELETE removes them, MIRROR makes the audience what "
        "this run sends",
        UPLOAD_MODES,
    ),
    _choice(
        "target",
        "Target",
        "Where the audience lives: AMC, AMC_AND_DSP or DSP; NONE, with Ads Data "
        "Manager only, loads the dataset and shares it with nobody",
        TARGETS,
    ),
    _text("amc_instance_id", "AMC instance", "AMC instance, for AMC and AMC_AND_DSP"),
    _text(
        "amc_account_id", "AMC account", "AMC account (ENTITY...); found if left out"
    ),
    _text(
        "connection_id",
        "Connection",
        "Connection to use; found by instance and advertiser, or made, if left out",
    ),
    _text(
        "dsp_advertiser_id",
        "DSP advertiser",
        "DSP advertiser, for DSP and AMC_AND_DSP (digits)",
    ),
    _text(
        "external_audience_id",
        "External audience id",
        "Your own id of the audience; CREATE with the same id goes on with it",
    ),
    _text(
        "audience_id",
        "Audience id",
        "Amazon's id of the audience (Ads Data Manager: of the dataset), for UPDATE",
    ),
    _text(
        "audience_name",
        "Audience name",
        f"{NAME_LENGTHS[0]} to {NAME_LENGTHS[1]} characters, for CREATE",
    ),
    _text(
        "audience_description",
        "Description",
        f"Up to {MAX_DESCRIPTION} characters; empty by default at creation",
    ),
    _text(
        "audience_fee",
        "Fee",
        "Price per thousand impressions as currency:cents; USD:100 is 1.00 USD",
    ),
    Number(
        "time_to_live",
        "Time to live",
        f"Seconds a member stays after it was last sent, 0 to {MAX_TTL} (the "
        "default at creation: 397 days)",
        (0, MAX_TTL),
    ),
    th.Property(
        "allow_ttl_zero",
        th.BooleanType,
        default=False,
        title="Allow a time to live of 0",
        description="A time_to_live of 0 empties the audience: say that you mean it",
    ),
    _text(
        "country_code",
        "Country",
        "Required: country of records that have none, as code or name (UK is GB)",
    ),
    th.Property(
        "wait_until_finish",
        th.BooleanType,
        default=False,
        title="Wait until finished",
        description="Wait until Amazon has processed every batch; needs max_wait_time",
    ),
    Number(
        "max_wait_time",
        "Longest wait",
        f"Minutes to wait at most, 1 to {MAX_WAIT_MINUTES}",
        (1, MAX_WAIT_MINUTES),
    ),
    Number(
        "poll_interval_seconds",
        "Poll interval",
        "Seconds until the first look at a batch's job",
        (0.001, math.inf),
        30,
        th.NumberType(exclusive_minimum=0),
    ),
    Number(
        "poll_interval_max_seconds",
        "Longest poll interval",
        "Seconds between the last looks at a batch's job",
        (0.001, math.inf),
        300,
        th.NumberType(exclusive_minimum=0),
    ),
    th.Property(
        "field_mapping",
        th.CustomType(_TEXTS),
        title="Field mapping",
        description='Object of our field to the record\'s field: {"email": "E-Mail"}',
    ),
    th.Property(
        "hashing",
        th.CustomType(_TEXTS),
        title="Hashing",
        description=(
            f"Object of field to {', '.join(MODES)}: whether values come as text or "
            "as SHA-256; auto looks at each value"
        ),
    ),
    _choice(
        "normalisation",
        "Normalisation",
        "How disputed values are written: recommended, aws_uploader, or both (two "
        "sets of hashes where they differ)",
        NORMALISATIONS,
    ),
    _choice(
        "external_user_id",
        "External user id",
        "Where a person's id comes from: externaluserid as_is, its sha256, or the "
        "hash of e-mail or phone",
        ID_MODES,
    ),
    _choice(
        "duplicate_users",
        "Duplicate users",
        "What becomes of several records of one person: merge their data, or the last",
        DUPLICATES,
    ),
    _choice(
        "consent_mode",
        "Consent mode",
        "strict rejects records without consent where law wants it, warn sends and "
        "counts them, off does not ask; a denial is never sent",
        CONSENT_MODES,
    ),
    th.Property(
        "consent",
        th.CustomType(_TEXTS),
        title="Consent",
        description=(
            "Object of consent field to a constant for records without their own: "
            '{"amznuserdata": "GRANTED"}'
        ),
    ),
    Number(
        "batch_size_rows",
        "Rows in a batch",
        f"Records in one request at most, 1 to {MAX_ROWS}; 6000 if left out, 5000 with "
        "Ads Data Manager",
        (1, MAX_ROWS),
    ),
    Number(
        "batch_size_bytes",
        "Bytes in a batch",
        "Bytes of one request at most",
        (1000, 10**9),
        4_000_000,
    ),
    _text(
        "rejects_path",
        "Rejects file",
        "File that rejected records are noted in, as JSON lines without their content",
    ),
    Number(
        "max_rejected_percent",
        "Rejected at most",
        "Share of rejected records, in percent, above which the run fails and passes "
        "no STATE on; not set: if all are rejected, with DELETE if one is",
        (0, 100),
        kind=th.NumberType,
    ),
    Number(
        "mirror_max_delete_percent",
        "Removed at most",
        "Share of known members, in percent, above which MIRROR removes nobody "
        "and the run fails",
        (0, 100),
        20,
        th.NumberType,
    ),
    _text("summary_path", "Summary file", "File that the run's report is written to"),
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Reads and checks everything, calls nobody and changes nothing",
    ),
    _text(
        "state_path",
        "State file",
        "Database of audiences, open batches and mirrored members: must last from "
        "run to run",
        default=DEFAULT_PATH,
    ),
    th.Property(
        "accept_amc_terms",
        th.BooleanType,
        default=False,
        title="Accept AMC's terms",
        description="Accept AMC's terms in the name of the user who granted access",
    ),
    *DATA_MANAGER,
)

MAX_RUNTIME = Number(
    "max_runtime_seconds",
    "Longest run",
    "Seconds after which no call that is throttled or has failed is waited for; "
    "max_wait_time, for jobs, is counted from the end of the input",
    (1, math.inf),
    14400,
    th.NumberType(exclusive_minimum=0),
)

NUMBERS: Mapping[str, Number] = {
    entry.name: entry for entry in (MAX_RUNTIME, *AUDIENCE) if isinstance(entry, Number)
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    entry.name: tuple(map(str, entry.allowed_values))
    for entry in (*CREDENTIALS, *AUDIENCE)
    if entry.allowed_values
}
CHOICES = {**CHOICES, "dsp_region": CHOICES["region"]}
"""Settings that are one of some words, in any case."""

AUDIENCE_SCHEMA: dict[str, Any] = th.PropertiesList(*AUDIENCE).to_dict()
"""What an entry of ``streams`` may hold."""

SETTINGS_SCHEMA: dict[str, Any] = th.PropertiesList(
    *CREDENTIALS,
    _text("dsp_region", "Region (alias)", "The same as region"),
    MAX_RUNTIME,
    *AUDIENCE,
    _text(
        "shard",
        "Shard",
        'Part of the audiences of streams to deliver, such as "3/16": the fourth of '
        "16, counted from 0. Each shard needs a pipeline of its own",
    ),
    th.Property(
        "streams",
        th.CustomType(
            {"type": ["object", "null"], "additionalProperties": {"type": "object"}}
        ),
        title="Streams",
        description=(
            "Several audiences in one run: object of stream name to the settings that "
            "differ for it. Streams without a name here are refused"
        ),
    ),
).to_dict()
