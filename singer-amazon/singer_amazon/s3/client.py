"""Clients of S3, and what S3's refusals mean; the only module that needs boto3.

Shared by target-s3 and by what the taps keep in S3. boto3 is an extra of the taps, so
this module is imported where a setting names S3, and nowhere else.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING
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
from singer_amazon.s3.access import S3Access

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# OSError: a certificate bundle that is not there (AWS_CA_BUNDLE).
FAILURES = (BotoCoreError, ClientError, Boto3Error, OSError)
_SESSION_NAME = "singer-amazon"
_STS_VARIABLES = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")


def open_client(access: S3Access, config: Config | None = None) -> S3Client:
    """Make a client; with a role its keys are renewed before they expire.

    Raises:
        ConfigError: boto3 refuses the settings.
    """
    session = open_session(access)
    try:
        return session.client("s3", endpoint_url=access.endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise _refused(access, error) from None


def open_session(access: S3Access) -> boto3.Session:
    """Make what makes clients of any service of AWS.

    Raises:
        ConfigError: boto3 refuses the settings.
    """
    access.check()
    try:
        session = _session(access)
        return _with_role(access, session) if access.role_arn else session
    except (BotoCoreError, ValueError) as error:
        raise _refused(access, error) from None


def _refused(access: S3Access, error: Exception) -> ConfigError:
    where = access.prefix.rstrip(".")
    which = f"settings under {where}" if where else "aws_* settings"
    return ConfigError(f"boto3 refuses the {which}: {explain(error, access)}")


def frozen_credentials(access: S3Access) -> dict[str, str]:
    """Return keys and region as they are now, for clients that are not boto3's.

    Raises:
        ConfigError: boto3 refuses the settings, or finds no credentials.
    """
    access.check()
    try:
        session = _session(access)
        if access.role_arn:
            session = _with_role(access, session)
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        keys = credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError, ValueError) as error:
        msg = f"The tables cannot be reached: {explain(error, access)}"
        raise ConfigError(msg) from None
    return {
        "aws_access_key_id": keys.access_key or "",
        "aws_secret_access_key": keys.secret_key or "",
        "aws_session_token": keys.token or "",
        "aws_region": session.region_name or "",
    }


def _session(access: S3Access) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
        aws_session_token=access.session_token,
        region_name=access.region,
        profile_name=access.profile_name,
    )


def _with_role(access: S3Access, source: boto3.Session) -> boto3.Session:
    credentials = source.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    # It logs each failed renewal with a traceback; the error says the same.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
    region = source.region_name or "us-east-1"
    inner = botocore.session.Session(profile=access.profile_name)
    fetcher = AssumeRoleCredentialFetcher(
        partial(inner.create_client, region_name=region, endpoint_url=_sts_url(access)),
        credentials,
        access.role_arn or "",
        extra_args={
            "RoleSessionName": _SESSION_NAME,
            **({"ExternalId": access.external_id} if access.external_id else {}),
        },
    )
    inner.register_component(
        "credential_provider", CredentialResolver([_Role(fetcher)])
    )
    return boto3.Session(botocore_session=inner, region_name=source.region_name)


def _sts_url(access: S3Access) -> str | None:
    """Another store than Amazon's answers for its roles itself."""
    host = urlsplit(access.endpoint or "").hostname or ""
    is_amazon = not host or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    if is_amazon or any(map(os.environ.get, _STS_VARIABLES)):
        return None
    return access.endpoint


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
