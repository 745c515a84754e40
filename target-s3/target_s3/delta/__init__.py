"""Delta tables: one per stream, appended to, or replaced by what a report covers.

- ``documents``: which rows stand or fall together, and what a manifest says of them.
- ``replacement``: which rows of which document a commit brings, and what it empties.
- ``evolution``: the columns of a table and of a SCHEMA, brought together.
- ``spool``: rows of one stream on disk until they are committed.
- ``streams``: all streams of a run; decides what is committed when.
- ``tables``, ``storage``: the tables themselves; they need the library deltalake.
"""
