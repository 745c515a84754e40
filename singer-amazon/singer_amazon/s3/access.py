"""The settings that say who we are towards S3, and how objects are encrypted.

No access control list is ever sent: buckets whose owner is enforced refuse them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from singer_amazon.errors import ConfigError

ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")


@dataclass(frozen=True, slots=True)
class S3Access:
    """The settings of one user for S3; ``prefix`` stands before their names."""

    region: str | None = None
    endpoint: str | None = None
    profile_name: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    server_side_encryption: str | None = None
    kms_key_id: str | None = None
    prefix: str = ""

    def check(self) -> None:
        """Find out whether the settings fit together.

        Raises:
            ConfigError: they do not.
        """
        name, chosen = self.prefix, self.server_side_encryption
        _require(
            chosen is None or chosen in ENCRYPTIONS,
            f"Setting {name}server_side_encryption is {chosen!r}, which S3 does not "
            f"know; use one of {', '.join(ENCRYPTIONS)}.",
        )
        _require(
            not self.kms_key_id or chosen != "AES256",
            f"Setting {name}kms_key_id needs {name}server_side_encryption aws:kms.",
        )
        _require(
            not self.role_arn or self.role_arn.startswith("arn:"),
            f"Setting {name}role_arn must be the whole name of a role, as in "
            "arn:aws:iam::123456789012:role/name.",
        )
        _require(
            self.role_arn or not self.external_id,
            f"Setting {name}external_id needs {name}role_arn beside it.",
        )

    @property
    def encryption(self) -> dict[str, Any]:
        """Arguments of every request that begins an object."""
        chosen = self.server_side_encryption
        if self.kms_key_id:
            chosen = chosen or "aws:kms"
        found = {"ServerSideEncryption": chosen, "SSEKMSKeyId": self.kms_key_id}
        return {name: value for name, value in found.items() if value}


def access_of(config: Mapping[str, object], prefix: str = "") -> S3Access:
    """Return the S3 settings of a tap: each stands under its own name."""

    def text(name: str) -> str | None:
        return str(config.get(name) or "").strip() or None

    return S3Access(
        region=text("aws_region"),
        endpoint=text("aws_endpoint_override"),
        profile_name=text("aws_profile_name"),
        access_key_id=text("aws_access_key_id"),
        secret_access_key=text("aws_secret_access_key"),
        session_token=text("aws_session_token"),
        role_arn=text("role_arn"),
        external_id=text("external_id"),
        server_side_encryption=text("server_side_encryption"),
        kms_key_id=text("kms_key_id"),
        prefix=prefix,
    )


def _require(condition: object, sentence: str) -> None:
    if not condition:
        raise ConfigError(sentence)
