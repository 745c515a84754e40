"""Where the engine meets the Singer SDK; no other room of this package knows it.

- `settings`  the settings all taps share, and how their text forms are read
- `output`    the one way to stdout
- `writing`   rows to RECORD lines, SDK records or BATCH files
- `stream`    a stream whose rows come from reports
- `tap`       a tap made of such streams: signals, exit code, summary
"""
