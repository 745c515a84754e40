"""The report engine: ask for many reports early, wait once, lose nothing.

Pure rooms (no I/O, the clock is an argument):

- `model`      windows, report requests, outcomes: the words of the trade
- `spans`      arithmetic on sets of days
- `ledger`     what is delivered, missing and pending for one stream and account
- `entries`    the parts of a ledger as entries of a Singer state
- `grid`       how sets of days are cut into windows
- `windows`    which windows to ask for today
- `lifecycle`  the table of a report's states
- `report`     one report on its way, and the calls there are
- `budget`     how fast Amazon lets us ask
- `agenda`     whose turn it is: lanes, budgets, the order of asking
- `engine`     decides the next action

Rooms that act:

- `api`        the port an adapter implements for one Amazon API
- `runner`     the only loop: acts through the port, hands documents over
"""
