"""Singer target that stores records as objects in S3.

The way of a line through the rooms of this package::

    stdin -> pipe -> messages -> loader -> streams -> formats -> uploads -> store -> S3
                                   |                                |
                                   +------------ ledger <-----------+--> stdout

- ``target``: the plugin class; the only room that knows the command line.
- ``settings``, ``environment``: what the user wrote, checked and typed.
- ``pipe``: reads stdin in a thread of its own, whole lines in bounded blocks.
- ``messages``: Singer lines, with records left as the bytes they are.
- ``loader``: takes messages, decides when objects are closed and STATE is echoed.
- ``batches``: BATCH files, stored as they are or turned into records.
- ``streams``, ``mapping``: one output stream each, after the SDK's stream maps.
- ``rows``: our own columns, spliced into a record's JSON text.
- ``formats``: JSON lines, CSV and Parquet, each writing to one temporary file.
- ``uploads``, ``store``, ``keys``: closed files on their way into the bucket.
- ``ledger``: which STATE is covered by what is stored.
- ``summary``, ``errors``, ``clock``: what the user reads, and what time it is.
"""
