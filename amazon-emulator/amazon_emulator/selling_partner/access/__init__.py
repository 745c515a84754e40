"""What comes before every call: `tokens`, `rate_limits`, and both as `authorization`.

`token_routes` gives restricted data tokens, `list_faults` spoils listings, `refusals`
is the error body of all.
"""
