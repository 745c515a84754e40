"""Custom reports: any report type, created or found, read as rows or saved.

- `settings`        `reports` of the config, checked
- `document_rows`   rows of any format: JSON, TSV, CSV, XML
- `files`           names of saved files, and the saving
- `listing`         reports that are there already
- `streams`         the streams
- `partitions`      what a run requests
"""
