"""Whether Ads API v1 agrees with reporting v3 for an account: reading both, judging.

- `checks`   the pure comparison: rows of both in, findings out
- `reading`  reads the same days by both APIs
- `proof`    what was found for which account, and when; `proof_file` keeps it
"""
