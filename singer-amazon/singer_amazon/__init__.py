"""What Singer plugins for Amazon share.

- `errors`, `clock`: every error by what happens next; time as an argument
- `auth`, `http`: Login with Amazon; requests with retries
- `spool`, `downloads`, `fetcher`, `raw_store`: documents on their way to a bounded
  disk, resumed where they broke off, originals kept on request
- `documents`, `rows`: JSON arrays in flat memory; rows to Singer records
- `reports`: the report engine, a pure core and its runner
- `session`, `memory`, `summary`: one run over all streams, its state, what it tells
- `singer`: where all this meets the Singer SDK
"""
