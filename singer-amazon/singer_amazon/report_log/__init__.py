"""What became of every report of a run, and what its documents brought.

Pure modules (no I/O, the clock is an argument):

- `entry`      one report and its outcome: a row of the stream `report_log`
- `collector`  hears what happens to reports and hands finished entries on
"""
