"""What comes before every call: `tokens`, `rate_limits`, and both as `authorization`.

`token_routes` gives restricted data tokens, `refusals` is the error body of all.
"""
