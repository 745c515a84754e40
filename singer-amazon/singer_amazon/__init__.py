"""What Singer plugins for Amazon share.

- `errors`, `clock`: every error by what happens next; time as an argument
- `rate_limits`, `retry_policy`: how often Amazon lets us call; every wait and count
- `regions`, `workers`: hosts of each region; one pool of threads for calls
- `http`: requests with retries; Login with Amazon; calls of an API with its token
- `documents`: report documents on their way to a bounded disk, resumed where they
  broke off, originals kept on request, cut into rows in flat memory
- `records`: what columns may hold; rows to Singer records
- `reports`: the report engine, a pure core and its runner
- `sync`: what a run asks for, the run itself, its state, what it reports
- `tap`, `target`: where all this meets the Singer SDK
"""
