"""Making an audience equal to the input: what is added, and what goes."""
