"""Where the engine meets the Singer SDK: taps made of report streams.

- `settings_schema`  the settings all taps share
- `settings`         how their text forms are read, and what is wrong with them
- `message_writer`   the one way to stdout
- `record_writers`   rows to RECORD lines, SDK records or BATCH files
- `stream`           a stream whose rows come from reports
- `context`          what one run works with: the tap makes it and hands it on
- `cli`              a tap as a command: settings from outside, signals, the exit code
- `base`             a tap made of such streams: one session, the summary
"""
