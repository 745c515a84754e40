"""What S3 said, and what to do about it."""

from __future__ import annotations

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import (
    ConnectionError as UnreachableError,
)

_KEYS = "check aws_access_key_id, aws_secret_access_key and aws_session_token"
_REGION = "set cloud_provider.aws.aws_region to the region the bucket is in"
_REACH = "check aws_endpoint_override, aws_region and the way out to the network"

_NEXT_STEPS = {
    "AccessDenied": "grant s3:PutObject and s3:AbortMultipartUpload on this prefix",
    "AllAccessDisabled": "ask the bucket's owner",
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": "get new temporary credentials",
    "IllegalLocationConstraintException": _REGION,
    "InvalidAccessKeyId": _KEYS,
    "InvalidBucketName": "check cloud_provider.aws.aws_bucket",
    "InvalidToken": _KEYS,
    "NoSuchBucket": "create the bucket, or check cloud_provider.aws.aws_bucket",
    "PermanentRedirect": _REGION,
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _KEYS,
    "SlowDown": "try again later, or write from fewer programs at once",
}


def explain(error: Exception) -> str:
    """Return the other side's own words and the next step, as the end of a sentence."""
    if isinstance(error, S3UploadFailedError) and isinstance(
        error.__context__, ClientError
    ):
        error = error.__context__
    if isinstance(error, ClientError):
        return _explain_answer(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return (
            f"no credentials were found ({error}); set aws_access_key_id and "
            "aws_secret_access_key, or give this machine a role or profile."
        )
    if isinstance(error, ProfileNotFound):
        return f"{error}; check aws_profile_name."
    if isinstance(
        error, EndpointConnectionError | ConnectTimeoutError | UnreachableError
    ):
        return f"{_bare(error)}; {_REACH}."
    return f"{_bare(error)}."


def _explain_answer(error: ClientError) -> str:
    answer = error.response.get("Error", {})
    code = answer.get("Code", "unknown error")
    words = (answer.get("Message") or "no message").strip().rstrip(".")
    step = _NEXT_STEPS.get(code)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = f"S3 answered {code} ({words}; HTTP {status})"
    return f"{said}; {step}." if step else f"{said}."


def _bare(error: Exception) -> str:
    return str(error).strip().rstrip(".")
