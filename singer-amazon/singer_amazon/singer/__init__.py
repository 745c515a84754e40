"""Where the engine meets the Singer SDK; no other room of this package knows it.

- `properties`  the settings all taps share
- `settings`    how their text forms are read, and what is wrong with them
- `output`      the one way to stdout
- `writing`     rows to RECORD lines, SDK records or BATCH files
- `stream`      a stream whose rows come from reports
- `command`     a tap as a command: settings from outside, signals, the exit code
- `tap`         a tap made of such streams: one session, the summary
"""
