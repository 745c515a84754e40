"""What each setting is, in the shape of the Hub's variant: stated here, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from singer_sdk import typing as th

from singer_amazon.s3.access import ENCRYPTIONS

FORMATS = ("jsonl.gz", "jsonl", "csv", "csv.gz", "parquet", "delta")
WRITE_MODES = ("append", "replace")
FORMAT_ALIASES = {"json": "jsonl"}

_GRAINS = ["year", "month", "day", "hour", "minute", "second", "microsecond"]
_FIXED = "Accepted so that configurations of other variants load; has no effect here."

_AWS = th.ObjectType(
    th.Property(
        "aws_access_key_id",
        th.StringType,
        secret=True,
        description="Access key; left out, boto3 looks where it always looks.",
    ),
    th.Property(
        "aws_secret_access_key",
        th.StringType,
        secret=True,
        description="The secret that belongs to the access key.",
    ),
    th.Property(
        "aws_session_token",
        th.StringType,
        secret=True,
        description="Session token of temporary credentials.",
    ),
    th.Property(
        "aws_region",
        th.StringType,
        description="Region of the bucket, such as eu-west-1.",
    ),
    th.Property(
        "aws_profile_name",
        th.StringType,
        description="Profile of the AWS configuration files to use.",
    ),
    th.Property(
        "aws_bucket",
        th.StringType,
        description="Required: the bucket that records go to.",
    ),
    th.Property(
        "aws_endpoint_override",
        th.StringType,
        description="Address of another S3-compatible store, such as MinIO.",
    ),
    th.Property(
        "server_side_encryption",
        th.StringType,
        allowed_values=[*ENCRYPTIONS],
        description="How S3 encrypts every object; left out, the bucket's default.",
    ),
    th.Property(
        "kms_key_id",
        th.StringType,
        description="Id or ARN of the KMS key; server_side_encryption is then aws:kms.",
    ),
    th.Property(
        "role_arn",
        th.StringType,
        description="Role to assume by STS, renewed before it expires.",
    ),
    th.Property(
        "external_id",
        th.StringType,
        secret=True,
        description="External id that the role's trust policy demands.",
    ),
)

SETTINGS_SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "format",
        th.ObjectType(
            th.Property(
                "format_type",
                th.StringType,
                allowed_values=[*FORMATS, *FORMAT_ALIASES],
                default="jsonl.gz",
                description=(
                    "Format of the objects, or delta for tables; json is read as jsonl."
                ),
            ),
        ),
        description="What the objects look like.",
    ),
    th.Property(
        "cloud_provider",
        th.ObjectType(
            th.Property(
                "cloud_provider_type",
                th.StringType,
                allowed_values=["aws"],
                default="aws",
                description="Always aws.",
            ),
            th.Property("aws", _AWS, description="Where to write, and as whom."),
        ),
        description="Where the objects go.",
    ),
    th.Property(
        "prefix",
        th.StringType,
        description="Path inside the bucket, put before every key.",
    ),
    th.Property(
        "write_mode",
        th.StringType,
        allowed_values=[*WRITE_MODES],
        default="append",
        description=(
            "delta: rows are added (append), or replace what the table holds for the "
            "values that they cover (replace)."
        ),
    ),
    th.Property(
        "replace_by",
        th.ObjectType(additional_properties=th.ArrayType(th.StringType)),
        description=(
            "write_mode replace: stream name -> columns whose values are replaced; "
            "left out, what the tap says, else the key. An empty list: rows are added."
        ),
    ),
    th.Property(
        "partition_by",
        th.ObjectType(additional_properties=th.ArrayType(th.StringType)),
        description=(
            "Stream name (* for all others) -> columns that become folders, as in "
            "date=2026-11-01."
        ),
    ),
    th.Property(
        "stream_name_path_override",
        th.StringType,
        description="Folder to use for all streams instead of one named by each.",
    ),
    th.Property(
        "use_raw_stream_name",
        th.BooleanType,
        default=False,
        description="Keep stream names in keys as they are, slashes included.",
    ),
    th.Property(
        "add_record_metadata",
        th.BooleanType,
        default=True,
        description="Add _sdc_extracted_at: when the tap read the record.",
    ),
    th.Property(
        "include_process_date",
        th.BooleanType,
        default=False,
        description="Add _process_date: when this target received the record.",
    ),
    th.Property(
        "max_batch_size",
        th.IntegerType,
        default=100_000,
        description="Most rows in one object.",
    ),
    th.Property(
        "max_batch_age",
        # As text too: Meltano has no kind of setting that hands fractions on.
        th.CustomType({"type": ["number", "string"]}),
        default=5.0,
        description="Most minutes between the first row of an object and its upload.",
    ),
    th.Property(
        "spool_dir",
        th.StringType,
        description="Folder for temporary files; default: the system's own.",
    ),
    th.Property(
        "spool_max_bytes",
        th.IntegerType,
        default=2 * 1024**3,
        description="Most bytes of disk that open objects and uploads may take.",
    ),
    th.Property(
        "max_attempts",
        th.IntegerType,
        default=5,
        description="Tries per call to S3.",
    ),
    th.Property(
        "summary_path",
        th.StringType,
        description="File that the run's summary is written to, as JSON.",
    ),
    th.Property(
        "batch_allowed_roots",
        th.ArrayType(th.StringType),
        description=(
            "Folders (file:///folder) and buckets (s3://bucket/prefix) that BATCH "
            "files may lie in; left out, anywhere."
        ),
    ),
    th.Property(
        "batch_max_bytes",
        th.IntegerType,
        default=10 * 1024**3,
        description="Most bytes of one BATCH file, unpacked.",
    ),
    th.Property(
        "append_date_to_prefix", th.BooleanType, default=True, description=_FIXED
    ),
    th.Property(
        "append_date_to_prefix_grain",
        th.StringType,
        allowed_values=_GRAINS,
        default="day",
        description=_FIXED,
    ),
    th.Property(
        "partition_name_enabled", th.BooleanType, default=False, description=_FIXED
    ),
    th.Property(
        "append_date_to_filename", th.BooleanType, default=True, description=_FIXED
    ),
    th.Property(
        "append_date_to_filename_grain",
        th.StringType,
        allowed_values=_GRAINS,
        default="microsecond",
        description=_FIXED,
    ),
).to_dict()


def _leaves(
    schema: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in schema["properties"].items():
        if "properties" in entry:
            yield from _leaves(entry, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", entry


DEFAULTS: Mapping[str, Any] = {
    name: entry.get("default") for name, entry in _leaves(SETTINGS_SCHEMA)
}
"""The default of each setting by its dotted name."""

# Settings of the Hub's variant that move or rename objects there. Here the key is
# fixed, so that no object is ever overwritten; the default is what the fixed key does.
WITHOUT_EFFECT: Mapping[str, object] = {
    name: DEFAULTS[name]
    for name, entry in _leaves(SETTINGS_SCHEMA)
    if entry["description"] == _FIXED
}
