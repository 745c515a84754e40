"""The log of a plain table, read and added to with little memory.

A table is *plain* if it has the types that this target writes, no partitions, no
properties, and needs no feature of the protocol beyond reader 1 and writer 2. A row
that is only added to such a table needs no more than a file and a line in the log.

- ``schema``: columns as the text that the log has of them, and back.
- ``actions``: the lines of a commit, and what a table is by them.
- ``statistics``: what a file holds, for readers that skip files by it.
- ``data_files``: rows as files of Parquet.
- ``table_log``: the log itself, in the bucket.
"""
