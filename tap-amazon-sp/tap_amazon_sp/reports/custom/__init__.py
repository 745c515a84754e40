"""Reports of the user's own: any report type, made or found, read as rows or saved.

- `settings`   `reports` of the config, checked
- `rows`       rows of any format: JSON, TSV, CSV, XML
- `files`      names of saved files, and the saving
- `listing`    reports that are there already
- `streams`    the streams
- `windows`    what a run asks for
"""
