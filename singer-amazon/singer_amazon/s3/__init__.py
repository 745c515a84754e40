"""S3, for those who keep something there; only ``client`` needs boto3."""
