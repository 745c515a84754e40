"""Login with Amazon: `store` keeps the tokens, `room` answers the token call."""
