"""What Singer plugins for Amazon share.

- `errors`, `clock`: every error by what happens next; time as an argument
- `transport`, `auth`, `http`: requests with retries; Login with Amazon; calls of an
  API with its token
- `spool`, `downloads`, `fetcher`, `raw_store`: documents on their way to a bounded
  disk, resumed where they broke off, originals kept on request
- `documents`, `columns`, `rows`: JSON arrays in flat memory; what columns may hold;
  rows to Singer records
- `reports`: the report engine, a pure core and its runner
- `planning`, `session`, `memory`, `summary`: what a run asks for, the run itself, its
  state, what it tells
- `singer`: where all this meets the Singer SDK
"""
