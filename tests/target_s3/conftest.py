from support.s3.bucket import bucket, s3_server

__all__ = ["bucket", "s3_server"]
