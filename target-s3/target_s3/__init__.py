"""Singer target that stores records as objects in S3.

The way of a line through this package, which stands on ``singer_amazon.target``::

    stdin -> loader -> router -> object_writer -> formats -> bucket -> S3
                         |                                     |
                         +----------- state tracker <----------+--> stdout

- ``target``: the plugin class.
- ``settings``, ``settings_schema``: what the user wrote, checked and typed.
- ``loader``: one run; decides when objects are closed and STATE is echoed.
- ``router``, ``batch_files``: records and BATCH files to output streams.
- ``record_metadata``: our own columns, spliced into a record's JSON text.
- ``object_writer``: the open objects of all streams.
- ``formats``: JSON lines, CSV and Parquet, each writing to one temporary file.
- ``bucket``: keys, uploads, and S3 itself.
- ``summary``, ``errors``, ``clock``: what the user reads, and what time it is.
"""
