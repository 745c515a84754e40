"""Who we are towards S3, how objects are encrypted, and what S3's refusals mean.

Shared by target-s3 and by what the taps keep in S3. No access control list is ever
sent: buckets whose owner is enforced refuse them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from boto3.exceptions import Boto3Error, S3UploadFailedError
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)
from botocore.exceptions import (
    ConnectionError as UnreachableError,
)

from singer_amazon.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# OSError: a certificate bundle that is not there (AWS_CA_BUNDLE).
FAILURES = (BotoCoreError, ClientError, Boto3Error, OSError)
ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
_SESSION_NAME = "singer-amazon"
_STS_VARIABLES = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")


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

    def client(self, config: Config | None = None) -> S3Client:
        """Make a client; with a role its keys are renewed before they expire.

        Raises:
            ConfigError: boto3 refuses the settings.
        """
        self.check()
        try:
            session = self._session()
            if self.role_arn:
                session = self._with_role(session)
            return session.client("s3", endpoint_url=self.endpoint, config=config)
        except (BotoCoreError, ValueError) as error:
            where = self.prefix.rstrip(".")
            which = f"settings under {where}" if where else "aws_* settings"
            msg = f"boto3 refuses the {which}: {explain(error, self)}"
            raise ConfigError(msg) from None

    def _session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            aws_session_token=self.session_token,
            region_name=self.region,
            profile_name=self.profile_name,
        )

    def _with_role(self, source: boto3.Session) -> boto3.Session:
        credentials = source.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        # It logs each failed renewal with a traceback; the error says the same.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
        region = source.region_name or "us-east-1"
        inner = botocore.session.Session(profile=self.profile_name)
        fetcher = AssumeRoleCredentialFetcher(
            partial(
                inner.create_client, region_name=region, endpoint_url=self._sts_url()
            ),
            credentials,
            self.role_arn or "",
            extra_args={
                "RoleSessionName": _SESSION_NAME,
                **({"ExternalId": self.external_id} if self.external_id else {}),
            },
        )
        inner.register_component(
            "credential_provider", CredentialResolver([_Role(fetcher)])
        )
        return boto3.Session(botocore_session=inner, region_name=source.region_name)

    def _sts_url(self) -> str | None:
        """Another store than Amazon's answers for its roles itself."""
        host = urlsplit(self.endpoint or "").hostname or ""
        is_amazon = not host or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        if is_amazon or any(map(os.environ.get, _STS_VARIABLES)):
            return None
        return self.endpoint


class _Role(CredentialProvider):
    """The only source of credentials of a session that plays a role."""

    METHOD = "assume-role"
    CANONICAL_NAME = "custom-assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> Credentials:
        """Return credentials that are asked for when they are needed, and renewed."""
        return DeferredRefreshableCredentials(
            self._fetcher.fetch_credentials, self.METHOD
        )


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


# --- what S3 answers --------------------------------------------------------

_KEYS = "check aws_access_key_id, aws_secret_access_key and aws_session_token"
_REGION = "set {0}aws_region to the region the bucket is in"
_BUCKET = "check the name of the bucket"
_REACH = "check aws_endpoint_override, aws_region and the way out to the network"
_KMS_KEY = (
    "check {0}kms_key_id: the key must be enabled and in the region of the bucket"
)

_NEXT_STEPS = {
    "AllAccessDisabled": "ask the bucket's owner",
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": "get new temporary credentials",
    "ExpiredTokenException": "get new temporary credentials",
    "IllegalLocationConstraintException": _REGION,
    "InvalidAccessKeyId": _KEYS,
    "InvalidBucketName": _BUCKET,
    "InvalidClientTokenId": _KEYS,
    "InvalidToken": _KEYS,
    "NoSuchBucket": f"create the bucket, or {_BUCKET}",
    "PermanentRedirect": _REGION,
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _KEYS,
    "SlowDown": "try again later, or write from fewer programs at once",
}
# Which right is missing stands in the words; the first that fits says more.
_DENIED = (
    (
        "kms:",
        (
            "grant kms:GenerateDataKey and kms:Decrypt on the key, in the key's own "
            "policy too, or check {0}kms_key_id"
        ),
    ),
    (
        "sts:assumerole",
        (
            "let the trust policy of {0}role_arn name this identity, and check "
            "{0}external_id"
        ),
    ),
    (
        "s3:getobject",
        "grant s3:GetObject on this object",
    ),
    (
        "explicit deny",
        (
            "a policy forbids it, often the bucket's: it may demand "
            "{0}server_side_encryption and {0}kms_key_id, or forbid this identity or "
            "network"
        ),
    ),
)
_DENIED_TO_WRITE = (
    "grant s3:PutObject and s3:AbortMultipartUpload on this prefix; if the bucket's "
    "policy demands encryption, set {0}server_side_encryption and {0}kms_key_id"
)


def explain(error: Exception, access: S3Access) -> str:
    """Return S3's or boto3's own words and the next step, as the end of a sentence."""
    if isinstance(error, S3UploadFailedError) and isinstance(
        error.__context__, ClientError
    ):
        error = error.__context__
    if isinstance(error, ClientError):
        return _explain_response(error, access)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return (
            f"no credentials were found ({error}); set aws_access_key_id and "
            "aws_secret_access_key, or give this machine a role or profile."
        )
    if isinstance(error, ProfileNotFound):
        return f"{error}; check aws_profile_name."
    if found := _certificate_fault(error):
        return found
    if isinstance(
        error, EndpointConnectionError | ConnectTimeoutError | UnreachableError
    ):
        return f"{_bare(error)}; {_REACH}."
    return f"{_bare(error)}."


def _certificate_fault(error: Exception) -> str | None:
    bundle = os.environ.get("AWS_CA_BUNDLE")
    if bundle and not os.path.exists(bundle):  # noqa: PTH110 - as it is written
        return f"AWS_CA_BUNDLE names {bundle!r}, which is not there; mend or unset it."
    if not isinstance(error, SSLError):
        return None
    return (
        f"{_bare(error)}; check aws_endpoint_override, the clock of this machine, and "
        f"the file of CA certificates that AWS_CA_BUNDLE names ({bundle or 'none'})."
    )


def _explain_response(error: ClientError, access: S3Access) -> str:
    found = error.response.get("Error", {})
    code = found.get("Code", "unknown error")
    words = (found.get("Message") or "no message").strip().rstrip(".")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    service = "STS" if error.operation_name == "AssumeRole" else "S3"
    said = f"{service} answered {code} ({words}; HTTP {status})"
    step = _next_step(code, words, error.operation_name)
    return f"{said}; {step.format(access.prefix)}." if step else f"{said}."


def _next_step(code: str, words: str, operation: str) -> str | None:
    if code.startswith("KMS."):
        return _KMS_KEY
    if code not in {"AccessDenied", "AccessDeniedException", "403", "Forbidden"}:
        return _NEXT_STEPS.get(code)
    said = "sts:assumerole" if operation == "AssumeRole" else words.lower()
    if operation in {"GetObject", "HeadObject"}:
        said += " s3:getobject"
    for part, step in _DENIED:
        if part in said:
            return step
    return _DENIED_TO_WRITE


def _bare(error: Exception) -> str:
    return str(error).strip().rstrip(".")


def _require(condition: object, sentence: str) -> None:
    if not condition:
        raise ConfigError(sentence)
