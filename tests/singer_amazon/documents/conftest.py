from support.s3.bucket import s3_server

__all__ = ["s3_server"]
