"""The report engine: ask for many reports early, wait once, lose nothing.

Pure modules (no I/O, the clock is an argument):

- `model`            windows, report requests, outcomes
- `periods`          arithmetic on sets of days, and how they are cut into windows
- `rate_limiters`    which rate limiters a call has to keep
- `partition_state`  what is delivered, missing and pending for one stream and account
- `state_entries`    its parts as entries of a Singer state
- `windows`          which windows to ask for today
- `lifecycle`        the table of a report's states
- `report`           one report on its way, and the calls there are
- `schedule`         which call is next: queues, rate limiters, the order of requests
- `engine`           decides the next action (a folder of its own)

Modules that act:

- `api`              the port an adapter implements for one Amazon API
- `runner`           the only loop: acts through the port, hands documents over
"""
