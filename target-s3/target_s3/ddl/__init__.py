"""``target-s3 ddl``: SQL that makes tables of what the target stores."""
