"""The bucket: how objects are named, how they get there, and what S3 says."""
