"""Where tables are, as deltalake wants to know it: its own S3 client, our settings."""

from __future__ import annotations

from singer_amazon.s3.access import S3Access
from singer_amazon.s3.client import frozen_credentials


def storage_options(access: S3Access) -> dict[str, str]:
    """Return options with credentials that are valid now; secrets are among them.

    Writes are conditional, so that two programs never make the same version.

    Raises:
        ConfigError: there are no credentials.
    """
    found = {
        "aws_conditional_put": "etag",
        "timeout": "120s",
        "aws_region": access.region or "",
        **frozen_credentials(access),
    }
    if access.endpoint:
        found["aws_endpoint"] = access.endpoint
        if access.endpoint.startswith("http://"):
            found["aws_allow_http"] = "true"
    encryption = access.encryption
    if chosen := encryption.get("ServerSideEncryption"):
        found["aws_server_side_encryption"] = str(chosen)
    if key := encryption.get("SSEKMSKeyId"):
        found["aws_sse_kms_key_id"] = str(key)
    return {name: value for name, value in found.items() if value}
