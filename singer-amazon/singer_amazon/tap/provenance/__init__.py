"""Streams about the run itself: `report_log` and `report_days`.

- `log_stream`   a stream whose rows go out between the documents of others
- `report_log`   one row per report and outcome
- `report_days`  what each document brought, day by day
- `run_logs`     those of them a run has selected, and when they write
"""
