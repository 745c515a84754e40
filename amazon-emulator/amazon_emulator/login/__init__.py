"""Login with Amazon: `tokens` and `consent` codes, and the `routes` to tokens."""
